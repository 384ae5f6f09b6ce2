import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import type { NavEntry } from '@/app/nav'
import { tenantRoute } from '@/app/parents'
import { oneOf, searchOf, text } from '@/app/search'

export const modelsRoute = createRoute({
  getParentRoute: () => tenantRoute,
  path: 'models',
  validateSearch: searchOf({ context: text, sort: text }),
  component: lazyRouteComponent(() => import('./ModelsPage'), 'ModelsPage'),
})

export const replayRoute = createRoute({
  getParentRoute: () => tenantRoute,
  path: 'models/replay',
  validateSearch: searchOf({ context: text, show: oneOf('right', 'missed') }),
  component: lazyRouteComponent(() => import('./ReplayPage'), 'ReplayPage'),
})

export const routes = [modelsRoute, replayRoute] as const
export const dashboardRoutes = [] as const
export const rootRoutes = [] as const
export const nav: NavEntry[] = [{ label: 'Models', to: '/dashboard/tenants/$tenantId/models', section: 'Engine', order: 10 }]
