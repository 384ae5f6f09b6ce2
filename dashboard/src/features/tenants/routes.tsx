import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import type { NavEntry } from '@/app/nav'
import { dashboardRoute, tenantRoute } from '@/app/parents'
import { day, flag, number, oneOf, searchOf, text } from '@/app/search'

export const overviewRoute = createRoute({
  getParentRoute: () => dashboardRoute,
  path: '/',
  validateSearch: searchOf({ days: number, from: day, to: day, compare: flag, sort: text }),
  component: lazyRouteComponent(() => import('./OverviewPage'), 'OverviewPage'),
})

export const tenantsRoute = createRoute({
  getParentRoute: () => dashboardRoute,
  path: 'tenants',
  validateSearch: searchOf({ q: text, status: oneOf('active', 'suspended'), sort: text }),
  component: lazyRouteComponent(() => import('./TenantsPage'), 'TenantsPage'),
})

export const tenantSettingsRoute = createRoute({
  getParentRoute: () => tenantRoute,
  path: 'settings',
  component: lazyRouteComponent(() => import('./TenantSettingsPage'), 'TenantSettingsPage'),
})

export const routes = [tenantSettingsRoute] as const
export const dashboardRoutes = [overviewRoute, tenantsRoute] as const
export const rootRoutes = [] as const
export const nav: NavEntry[] = [
  { label: 'Settings', to: '/dashboard/tenants/$tenantId/settings', section: 'Set up', order: 90 },
]
