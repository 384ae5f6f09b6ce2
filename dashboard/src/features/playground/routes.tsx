import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import type { NavEntry } from '@/app/nav'
import { tenantRoute } from '@/app/parents'
import { number, oneOf, searchOf, text } from '@/app/search'

export const playgroundRoute = createRoute({
  getParentRoute: () => tenantRoute,
  path: 'playground',
  validateSearch: searchOf({
    user: text,
    products: text,
    context: oneOf('home', 'product', 'cart'),
    placement: text,
    category: text,
    min: number,
    max: number,
    exclude: text,
    limit: number,
    strategies: text,
    against: text,
  }),
  component: lazyRouteComponent(() => import('./PlaygroundPage'), 'PlaygroundPage'),
})

export const routes = [playgroundRoute] as const
export const dashboardRoutes = [] as const
export const rootRoutes = [] as const
export const nav: NavEntry[] = [
  { label: 'Playground', to: '/dashboard/tenants/$tenantId/playground', section: 'Engine', order: 20 },
]
