import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import type { NavEntry } from '@/app/nav'
import { dashboardRoute } from '@/app/parents'

const overviewRoute = createRoute({
  getParentRoute: () => dashboardRoute,
  path: '/',
  component: lazyRouteComponent(() => import('./OverviewPage'), 'OverviewPage'),
})

export const routes = [] as const
export const dashboardRoutes = [overviewRoute] as const
export const rootRoutes = [] as const
export const nav: NavEntry[] = []
