import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import type { NavEntry } from '@/app/nav'
import { tenantRoute } from '@/app/parents'
import { searchOf, text } from '@/app/search'

export const widgetsRoute = createRoute({
  getParentRoute: () => tenantRoute,
  path: 'widgets',
  validateSearch: searchOf({ sort: text }),
  component: lazyRouteComponent(() => import('./WidgetsPage'), 'WidgetsPage'),
})

/** `new` in place of an id: one that is not there yet. */
export const widgetRoute = createRoute({
  getParentRoute: () => tenantRoute,
  path: 'widgets/$widgetId',
  validateSearch: searchOf({ user: text, product: text }),
  component: lazyRouteComponent(() => import('./WidgetPage'), 'WidgetPage'),
})

export const routes = [widgetsRoute, widgetRoute] as const
export const dashboardRoutes = [] as const
export const rootRoutes = [] as const
export const nav: NavEntry[] = [
  { label: 'Widgets', to: '/dashboard/tenants/$tenantId/widgets', section: 'Show', order: 10 },
]
