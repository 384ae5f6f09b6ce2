import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import type { NavEntry } from '@/app/nav'
import { tenantRoute } from '@/app/parents'
import { searchOf, text } from '@/app/search'

const keysRoute = createRoute({
  getParentRoute: () => tenantRoute,
  path: 'keys',
  validateSearch: searchOf({ sort: text }),
  component: lazyRouteComponent(() => import('./KeysPage'), 'KeysPage'),
})

export const routes = [keysRoute] as const
export const dashboardRoutes = [] as const
export const rootRoutes = [] as const
export const nav: NavEntry[] = [{ label: 'Keys', to: '/dashboard/tenants/$tenantId/keys', section: 'Set up', order: 20 }]
