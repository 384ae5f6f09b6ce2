import type { Role } from '@/features/tenants/roles'

/** Headings of a tenant's pages in the sidebar, in this order. `Tenant` has none. */
export const SECTIONS = ['Tenant', 'Measure', 'Show', 'Data', 'Engine', 'Set up'] as const

/** A page of a tenant in the sidebar and in the palette. `to` is the route's path, with `$tenantId` in it. */
export interface NavEntry {
  label: string
  to: string
  section: (typeof SECTIONS)[number]
  /** Among its section's, small first. */
  order: number
  /** The least role that can do anything there, without which it is not shown; none where every member can. */
  role?: Role
}
