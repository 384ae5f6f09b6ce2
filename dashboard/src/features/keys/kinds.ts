import type { Key } from '@/features/keys/api'

/** What a key may do, in words. */
export const KINDS = [
  { value: 'publish', label: 'Publish', may: 'for the shop’s pages: asks for recommendations, sends events' },
  { value: 'read', label: 'Read', may: 'for servers: reads recommendations, catalog and figures' },
  { value: 'read-write', label: 'Read and write', may: 'for servers: also writes catalog and events, exports and erases shoppers' },
] as const

/** What a key of the permission may do, as a sentence. */
export function mayOf(permissions: string): string {
  const may = KINDS.find(({ value }) => value === permissions)?.may ?? ''
  return `${may.charAt(0).toUpperCase()}${may.slice(1)}.`
}

/** A key that was rotated works on until its time has come. */
export const isRevoked = ({ revokedAt }: Pick<Key, 'revokedAt'>): boolean =>
  revokedAt !== null && revokedAt !== undefined && new Date(revokedAt) <= new Date()
