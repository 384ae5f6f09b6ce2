import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import type { NavEntry } from '@/app/nav'
import { tenantRoute } from '@/app/parents'
import { oneOf, searchOf, text } from '@/app/search'

export const eventsRoute = createRoute({
  getParentRoute: () => tenantRoute,
  path: 'events',
  validateSearch: searchOf({
    tab: oneOf('rejected'),
    userId: text,
    productId: text,
    placementId: text,
    eventType: oneOf(
      'impression', 'click', 'view', 'add_to_cart', 'remove_from_cart', 'wishlist', 'purchase', 'search', 'return', 'dislike',
    ),
    sort: text,
  }),
  component: lazyRouteComponent(() => import('./EventsPage'), 'EventsPage'),
})

export const routes = [eventsRoute] as const
export const dashboardRoutes = [] as const
export const rootRoutes = [] as const
export const nav: NavEntry[] = [
  { label: 'Events', to: '/dashboard/tenants/$tenantId/events', section: 'Data', order: 30 },
]
