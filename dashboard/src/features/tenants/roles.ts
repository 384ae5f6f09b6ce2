export type Role = 'owner' | 'developer' | 'analyst'

const RANKS: Record<Role, number> = { analyst: 0, developer: 1, owner: 2 }

/** Whether one with the role `has` may do what needs `needed`. */
export const includes = (has: Role, needed: Role): boolean => RANKS[has] >= RANKS[needed]
