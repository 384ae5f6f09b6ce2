/**
 * Who the shopper is: an id of the shop's own where they are signed in, else an anonymous one, which is random, kept in
 * first-party storage and joined with the shop's own when they sign in.
 */
import { allowed, settings } from './config.ts'
import { namesOf, remove, store, write } from './storage.ts'
import { post } from './transport.ts'

const enum Limit {
  ANSWER_MS = 10_000,
}

const enum Entry {
  USER = 'recomengine.user',
  ANONYMOUS = 'recomengine.anonymous',
}

/** 128 random bits; randomUUID is missing on pages without https. */
export function randomId(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join('-')
}

/** undefined where nothing of the shopper may be sent. */
export function shopperId(): string | undefined {
  if (!allowed()) return undefined
  if (!signedIn() && !store[Entry.ANONYMOUS]) write(Entry.ANONYMOUS, `anon_${randomId()}`)
  return signedIn() || store[Entry.ANONYMOUS]
}

export function identify(userId: string): void {
  settings.userId = `${userId}`
  write(Entry.USER, settings.userId)
  void join()
}

/** What was done under the anonymous id becomes theirs who signed in. The id is not used again: others may follow. */
export async function join(): Promise<void> {
  const userId = allowed() && signedIn()
  const anonymousId = store[Entry.ANONYMOUS]
  if (!userId || !anonymousId) return
  const { status, data } = await post('identify', { userId, anonymousId }, Limit.ANSWER_MS)
  if (data || status === 409) remove(Entry.ANONYMOUS)
}

export function forgetAll(): void {
  namesOf('recomengine.').forEach(remove)
}

function signedIn(): string | null | undefined {
  return settings.userId || store[Entry.USER]
}
