import type { NavEntry } from '@/app/nav'

export const routes = [] as const
export const dashboardRoutes = [] as const
export const rootRoutes = [] as const
export const nav: NavEntry[] = []
