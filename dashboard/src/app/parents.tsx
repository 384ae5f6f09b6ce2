/** The routes that pages stand below: `rootRoute`, `dashboardRoute` (signed in, with the sidebar), `tenantRoute`. */
import { createRootRoute, createRoute, lazyRouteComponent, redirect } from '@tanstack/react-router'
import { ensureSession } from '@/api/session'
import { Root } from '@/app/Root'
import { Loading } from '@/components/Loading'

export const rootRoute = createRootRoute({ component: Root })

export const dashboardRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: 'dashboard',
  beforeLoad: async ({ location }) => {
    if ((await ensureSession()) === null) throw redirect({ to: '/login', search: { next: location.href } })
  },
  component: lazyRouteComponent(() => import('@/app/Frame'), 'Frame'),
  pendingComponent: () => <Loading />,
})

export const tenantRoute = createRoute({
  getParentRoute: () => dashboardRoute,
  path: 'tenants/$tenantId',
  loader: async ({ params }) => {
    const { loadTenant } = await import('@/features/tenants/load')
    await loadTenant(params.tenantId)
  },
  pendingComponent: () => <Loading />,
})
