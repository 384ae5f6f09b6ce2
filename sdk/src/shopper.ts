/**
 * Who the shopper is: an id of the shop's own where they are signed in, else an anonymous one, which is random, kept in
 * first-party storage and joined with the shop's own when they sign in.
 */
import { allowed, settings } from './config.ts'
import { encode } from './encode.ts'
import { namesOf, remove, store, write } from './storage.ts'
import { post } from './transport.ts'

const ANSWER_MS = 10_000
const [USER, ANONYMOUS, JOINED] = ['recomengine.user', 'recomengine.anonymous', 'recomengine.joined'] as const

/** 128 random bits; randomUUID is missing on pages without https. */
export function randomId(): string {
  return crypto.getRandomValues(new Uint8Array(16)).reduce((id, byte) => id + (byte + 256).toString(16).slice(1), '')
}

/** undefined where nothing of the shopper may be sent. */
export function shopperId(): string | undefined {
  if (!allowed()) return undefined
  if (!signedIn() && !store[ANONYMOUS]) write(ANONYMOUS, `anon_${randomId()}`)
  return signedIn() || store[ANONYMOUS]
}

export function identify(userId: string): void {
  settings.userId = `${userId}`
  write(USER, settings.userId)
  void join()
}

/** What was done under the anonymous id becomes theirs who signed in. */
export async function join(): Promise<void> {
  const userId = allowed() && signedIn()
  const anonymousId = store[ANONYMOUS]
  const joined = store[JOINED]
  if (!userId || !anonymousId || joined === userId) return
  // Once joined with another shopper, it stays theirs: the device has several.
  const { status, data } = joined
    ? { status: 409 }
    : await post('identify', encode({ key: settings.key, userId, anonymousId }), ANSWER_MS)
  if (data) write(JOINED, userId)
  if (status === 409) [ANONYMOUS, JOINED].forEach(remove)
}

export function forgetAll(): void {
  namesOf('recomengine.').forEach(remove)
}

function signedIn(): string | null | undefined {
  return settings.userId || store[USER]
}
