import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import type { NavEntry } from '@/app/nav'
import { tenantRoute } from '@/app/parents'
import { searchOf, text } from '@/app/search'

export const auditRoute = createRoute({
  getParentRoute: () => tenantRoute,
  path: 'audit',
  validateSearch: searchOf({ action: text, adminId: text }),
  component: lazyRouteComponent(() => import('./AuditPage'), 'AuditPage'),
})

export const routes = [auditRoute] as const
export const dashboardRoutes = [] as const
export const rootRoutes = [] as const
export const nav: NavEntry[] = [
  { label: 'Audit log', to: '/dashboard/tenants/$tenantId/audit', section: 'Set up', order: 80 },
]
