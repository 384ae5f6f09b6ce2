import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import type { NavEntry } from '@/app/nav'
import { tenantRoute } from '@/app/parents'
import { day, flag, number, oneOf, searchOf, text } from '@/app/search'

export const analyticsRoute = createRoute({
  getParentRoute: () => tenantRoute,
  path: 'analytics',
  validateSearch: searchOf({
    days: number,
    from: day,
    to: day,
    compare: flag,
    placement: text,
    strategy: text,
    metric: text,
    interval: oneOf('day', 'hour'),
    group: oneOf('placementId', 'strategy'),
    top: text,
    sort: text,
  }),
  component: lazyRouteComponent(() => import('./AnalyticsPage'), 'AnalyticsPage'),
})

export const routes = [analyticsRoute] as const
export const dashboardRoutes = [] as const
export const rootRoutes = [] as const
export const nav: NavEntry[] = [
  { label: 'Analytics', to: '/dashboard/tenants/$tenantId/analytics', section: 'Measure', order: 10 },
]
