import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import type { NavEntry } from '@/app/nav'
import { dashboardRoute } from '@/app/parents'

const accountRoute = createRoute({
  getParentRoute: () => dashboardRoute,
  path: 'settings',
  component: lazyRouteComponent(() => import('./AccountPage'), 'AccountPage'),
})

export const routes = [] as const
export const dashboardRoutes = [accountRoute] as const
export const rootRoutes = [] as const
export const nav: NavEntry[] = []
