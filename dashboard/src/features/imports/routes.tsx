import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import type { NavEntry } from '@/app/nav'
import { tenantRoute } from '@/app/parents'
import { oneOf, searchOf, text } from '@/app/search'

export const importsRoute = createRoute({
  getParentRoute: () => tenantRoute,
  path: 'imports',
  validateSearch: searchOf({ kind: oneOf('events'), sort: text }),
  component: lazyRouteComponent(() => import('./ImportsPage'), 'ImportsPage'),
})

export const routes = [importsRoute] as const
export const dashboardRoutes = [] as const
export const rootRoutes = [] as const
export const nav: NavEntry[] = [
  { label: 'Imports', to: '/dashboard/tenants/$tenantId/imports', section: 'Data', order: 40, role: 'developer' },
]
