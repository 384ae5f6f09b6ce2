import type { components } from '@/api/schema'

export type Role = components['schemas']['Role']

const RANKS: Record<Role, number> = { analyst: 0, developer: 1, owner: 2 }

/** What each may do, the least first, in words. */
export const ROLES: { value: Role; label: string; may: string }[] = [
  { value: 'analyst', label: 'Analyst', may: 'reads everything, changes nothing' },
  { value: 'developer', label: 'Developer', may: 'also makes keys, imports, widgets and experiments' },
  { value: 'owner', label: 'Owner', may: 'also changes settings and members, and deletes the tenant' },
]

/** What a role may do, as a sentence. */
export function mayOf(role: Role): string {
  const may = ROLES.find(({ value }) => value === role)?.may ?? ''
  return `${may.charAt(0).toUpperCase()}${may.slice(1)}.`
}

/** Whether one with the role `has` may do what needs `needed`. */
export const includes = (has: Role, needed: Role): boolean => RANKS[has] >= RANKS[needed]
