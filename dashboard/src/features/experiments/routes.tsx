import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import type { NavEntry } from '@/app/nav'
import { tenantRoute } from '@/app/parents'
import { number, oneOf, searchOf, text } from '@/app/search'

export const experimentsRoute = createRoute({
  getParentRoute: () => tenantRoute,
  path: 'experiments',
  validateSearch: searchOf({ status: oneOf('draft', 'running', 'paused', 'completed'), sort: text }),
  component: lazyRouteComponent(() => import('./ExperimentsPage'), 'ExperimentsPage'),
})

export const experimentRoute = createRoute({
  getParentRoute: () => tenantRoute,
  path: 'experiments/$experimentId',
  validateSearch: searchOf({ tab: oneOf('results', 'days', 'health'), lift: number }),
  component: lazyRouteComponent(() => import('./ExperimentPage'), 'ExperimentPage'),
})

export const routes = [experimentsRoute, experimentRoute] as const
export const dashboardRoutes = [] as const
export const rootRoutes = [] as const
export const nav: NavEntry[] = [
  { label: 'Experiments', to: '/dashboard/tenants/$tenantId/experiments', section: 'Measure', order: 20 },
]
