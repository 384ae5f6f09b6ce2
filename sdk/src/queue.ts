/**
 * Events on their way: kept in first-party storage until the API has answered for them, so that a later page sends what
 * this one could not. An event keeps its id, so the server takes it once however often it arrives.
 *
 * At most 500 wait; at most 50 leave at once, every 5 s or when the page is left, by a request that outlives it; one
 * is under way at a time. After each failure in a row the next one waits twice as long, or as Retry-After says. Each
 * event is an entry of its own in storage: tabs need no lock, and what one of them has sent is gone for all.
 */
import { allowed } from './config.ts'
import { encode } from './encode.ts'
import { clearFaults, fault, faults } from './faults.ts'
import { emit } from './listeners.ts'
import { namesOf, remove, store, write } from './storage.ts'
import { post } from './transport.ts'
import type { OutgoingEvent, Receipt } from './types.ts'
import { VERSION } from './version.ts'
import { watchView } from './view.ts'

const enum Limit {
  EVENTS = 50,
  /** Of at most 3 bytes each: browsers let no more than 64 kB outlive a page. */
  CHARACTERS = 20_000,
  WAITING = 500,
  EVERY_MS = 5000,
  ANSWER_MS = 10_000,
  WAIT_S = 300,
}

const enum Entry {
  EVENTS = 'recomengine.e.',
  WAIT = 'recomengine.wait',
}

let busy = false
let failures = 0

export function enqueue(id: string, event: OutgoingEvent): void {
  const json = encode(event)
  const waiting = namesOf(Entry.EVENTS).length
  if (waiting > Limit.WAITING || json.length > Limit.CHARACTERS) return fault('refused')
  write(`${Entry.EVENTS}${Date.now()}.${id}`, json)
  emit('event', event)
  if (waiting > Limit.EVENTS) void flush()
}

/** Send what earlier pages left, and what there is when this one is left. */
export function startQueue(): void {
  setInterval(flush, Limit.EVERY_MS)
  watchView(flush)
}

export async function flush(): Promise<void> {
  const names: string[] = []
  let events = ''
  for (const name of namesOf(Entry.EVENTS).slice(0, Limit.EVENTS)) {
    const json = store[name] // another tab may have sent it just now
    if (!json || events.length + json.length > Limit.CHARACTERS) break
    names.push(name)
    events += (events && ',') + json
  }
  if (busy || !events || !allowed() || Date.now() < (store[Entry.WAIT] as unknown as number)) return
  busy = true
  const fields = { sentAt: Date.now(), client: { name: 'js', version: VERSION, errors: faults } }
  const { status, waitS = 0, data } = await post('events/batch', fields, Limit.ANSWER_MS, `"events":[${events}],`)
  busy = false
  const results = (data as { results?: Receipt[] } | undefined)?.results
  if (results || [400, 413, 422].includes(status!)) return settle(names, results ?? [])
  // The first failure holds nothing back: it may be no more than that the page was left.
  const backoffS = waitS || Math.min(Limit.WAIT_S, 2 ** failures++ - 1)
  write(Entry.WAIT, `${Date.now() + backoffS * 1000}`)
}

/** An answer that stands: of each event, or without results that none of them will ever be taken. */
function settle(names: string[], results: Receipt[]): void {
  failures = 0
  if (results[0]) clearFaults()
  names.forEach((name, index) => {
    remove(name)
    if (results[index]?.error ?? !results[index]) fault('rejected')
  })
  emit('sent', results)
  void flush() // what did not fit in
}
