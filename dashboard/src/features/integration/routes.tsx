import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import type { NavEntry } from '@/app/nav'
import { tenantRoute } from '@/app/parents'
import { number, searchOf, text } from '@/app/search'

export const integrationRoute = createRoute({
  getParentRoute: () => tenantRoute,
  path: 'integration',
  validateSearch: searchOf({ days: number, sort: text }),
  component: lazyRouteComponent(() => import('./IntegrationPage'), 'IntegrationPage'),
})

export const routes = [integrationRoute] as const
export const dashboardRoutes = [] as const
export const rootRoutes = [] as const
export const nav: NavEntry[] = [
  { label: 'Integration', to: '/dashboard/tenants/$tenantId/integration', section: 'Set up', order: 5 },
]
