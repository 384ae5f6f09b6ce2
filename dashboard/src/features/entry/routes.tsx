import { createRoute, lazyRouteComponent, redirect } from '@tanstack/react-router'
import { ensureSession } from '@/api/session'
import type { NavEntry } from '@/app/nav'
import { rootRoute } from '@/app/parents'
import { searchOf, text } from '@/app/search'

/** `next`: the page of the dashboard that was asked for before signing in. */
const NEXT = searchOf({ next: text })

/** A page of ours to go on to: never one that somebody's link has put there. */
export const pageAfter = (next: string | undefined): string =>
  next?.startsWith('/dashboard') || next?.startsWith('/invitation') ? next : '/dashboard'

async function onlySignedOut({ search }: { search: { next?: string } }): Promise<void> {
  const session = await ensureSession().catch(() => null) // where the server is away, the form says so when it is sent
  if (session !== null) throw redirect({ to: pageAfter(search.next) })
}

export const loginRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: 'login',
  validateSearch: NEXT,
  beforeLoad: onlySignedOut,
  component: lazyRouteComponent(() => import('./LoginPage'), 'LoginPage'),
})

export const signupRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: 'signup',
  validateSearch: NEXT,
  beforeLoad: onlySignedOut,
  component: lazyRouteComponent(() => import('./SignupPage'), 'SignupPage'),
})

export const forgotRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: 'forgot-password',
  component: lazyRouteComponent(() => import('./ForgotPage'), 'ForgotPage'),
})

export const resetRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: 'reset-password',
  component: lazyRouteComponent(() => import('./ResetPage'), 'ResetPage'),
})

export const routes = [] as const
export const dashboardRoutes = [] as const
export const rootRoutes = [loginRoute, signupRoute, forgotRoute, resetRoute] as const
export const nav: NavEntry[] = []
