import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import type { NavEntry } from '@/app/nav'
import { tenantRoute } from '@/app/parents'
import { flag, searchOf, text } from '@/app/search'

const catalogParent = createRoute({ getParentRoute: () => tenantRoute, path: 'catalog' })

export const catalogRoute = createRoute({
  getParentRoute: () => catalogParent,
  path: '/',
  validateSearch: searchOf({ q: text, category: text, available: flag, sort: text }),
  component: lazyRouteComponent(() => import('./CatalogPage'), 'CatalogPage'),
})

/** A product's id may hold slashes. */
export const itemRoute = createRoute({
  getParentRoute: () => catalogParent,
  path: '$',
  validateSearch: searchOf({ sort: text }),
  component: lazyRouteComponent(() => import('./ItemPage'), 'ItemPage'),
})

export const routes = [catalogParent.addChildren([catalogRoute, itemRoute])] as const
export const dashboardRoutes = [] as const
export const rootRoutes = [] as const
export const nav: NavEntry[] = [
  { label: 'Catalog', to: '/dashboard/tenants/$tenantId/catalog', section: 'Data', order: 10 },
]
