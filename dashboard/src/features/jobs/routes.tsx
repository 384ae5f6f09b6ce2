import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import type { NavEntry } from '@/app/nav'
import { tenantRoute } from '@/app/parents'
import { oneOf, searchOf } from '@/app/search'

export const jobsRoute = createRoute({
  getParentRoute: () => tenantRoute,
  path: 'jobs',
  validateSearch: searchOf({ status: oneOf('waiting', 'running', 'succeeded', 'dead', 'replaced') }),
  component: lazyRouteComponent(() => import('./JobsPage'), 'JobsPage'),
})

export const routes = [jobsRoute] as const
export const dashboardRoutes = [] as const
export const rootRoutes = [] as const
export const nav: NavEntry[] = [{ label: 'Jobs', to: '/dashboard/tenants/$tenantId/jobs', section: 'Engine', order: 50 }]
