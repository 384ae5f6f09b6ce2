import type { Key } from '@/features/keys/api'

/** What a key may do, in words. */
export const KINDS = [
  { value: 'publish', label: 'Publish', may: 'for the shop’s pages: asks for recommendations, sends events' },
  { value: 'read', label: 'Read', may: 'for servers: reads recommendations, catalog and figures' },
  { value: 'read-write', label: 'Read and write', may: 'for servers: also writes catalog and events, exports and erases shoppers' },
] as const

/** A key that was rotated works on until its time has come. */
export const isRevoked = ({ revokedAt }: Pick<Key, 'revokedAt'>): boolean =>
  revokedAt !== null && revokedAt !== undefined && new Date(revokedAt) <= new Date()
