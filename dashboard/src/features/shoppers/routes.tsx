import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import type { NavEntry } from '@/app/nav'
import { tenantRoute } from '@/app/parents'
import { searchOf, text } from '@/app/search'

export const shoppersRoute = createRoute({
  getParentRoute: () => tenantRoute,
  path: 'shoppers',
  validateSearch: searchOf({ startsWith: text, sort: text }),
  component: lazyRouteComponent(() => import('./ShoppersPage'), 'ShoppersPage'),
})

export const shopperRoute = createRoute({
  getParentRoute: () => tenantRoute,
  path: 'shoppers/$userId',
  component: lazyRouteComponent(() => import('./ShopperPage'), 'ShopperPage'),
})

export const routes = [shoppersRoute, shopperRoute] as const
export const dashboardRoutes = [] as const
export const rootRoutes = [] as const
export const nav: NavEntry[] = [
  { label: 'Shoppers', to: '/dashboard/tenants/$tenantId/shoppers', section: 'Data', order: 20 },
]
