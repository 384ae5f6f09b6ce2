/**
 * The server's assignment to the arms of an experiment: bucket = int(SHA-256(utf8(userId + experimentId))) mod 100;
 * below the traffic split it is control. The browser's own SHA-256, which pages without https do not have.
 */
import type { Variant } from './types.ts'

const enum Size {
  BUCKETS = 100,
}

export async function variantOf(userId: string, experimentId: string, trafficSplit: number): Promise<Variant> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(userId + experimentId))
  let rest = 0
  for (const byte of new Uint8Array(digest)) rest = (rest * 256 + byte) % Size.BUCKETS
  return rest < trafficSplit ? 'control' : 'variant'
}
