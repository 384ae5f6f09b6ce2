import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import type { NavEntry } from '@/app/nav'
import { rootRoute } from '@/app/parents'

const invitationRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: 'invitation',
  component: lazyRouteComponent(() => import('./InvitationPage'), 'InvitationPage'),
})

export const routes = [] as const
export const dashboardRoutes = [] as const
export const rootRoutes = [invitationRoute] as const
export const nav: NavEntry[] = []
