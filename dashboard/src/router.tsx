import { createRouter, lazyRouteComponent } from '@tanstack/react-router'
import { dashboardRoute, rootRoute, tenantRoute } from '@/app/parents'
import { dashboardRoutes, rootRoutes, tenantRoutes } from '@/features'
import { Loading } from '@/components/Loading'

const tree = rootRoute.addChildren([
  ...rootRoutes,
  dashboardRoute.addChildren([...dashboardRoutes, tenantRoute.addChildren([...tenantRoutes])]),
])

export const router = createRouter({
  routeTree: tree,
  defaultPreload: 'intent',
  defaultPreloadStaleTime: 0, // the query cache knows what is fresh
  defaultErrorComponent: lazyRouteComponent(() => import('@/app/PageError'), 'PageError'),
  defaultNotFoundComponent: lazyRouteComponent(() => import('@/app/NotFoundPage'), 'NotFoundPage'),
  defaultPendingComponent: () => <Loading />,
  defaultPendingMs: 150,
  scrollRestoration: true,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
