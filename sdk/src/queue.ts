/**
 * Events on their way: kept in first-party storage until the API has answered for them, so that a later page sends what
 * this one could not. An event keeps its id, so the server takes it once however often it arrives.
 *
 * At most MOST_WAITING wait; at most MOST_EVENTS leave at once, every 5 s or when the page is left, by a request that
 * outlives it; one is under way at a time. After a failure the next one waits, twice as long each time, or as Retry-After
 * says. Each event is an entry of its own in storage: tabs need no lock, and what one of them has sent is gone for all.
 */
import { allowed, settings } from './config.ts'
import { encode } from './encode.ts'
import { clearFaults, fault, faults } from './faults.ts'
import { emit } from './listeners.ts'
import { namesOf, remove, store, write } from './storage.ts'
import { post } from './transport.ts'
import type { OutgoingEvent, Receipt } from './types.ts'
import { VERSION } from './version.ts'

const MOST_EVENTS = 50
/** Of at most 3 bytes each: browsers let no more than 64 kB outlive a page. */
const MOST_CHARACTERS = 20_000
const MOST_WAITING = 500
const EVERY_MS = 5000
const ANSWER_MS = 10_000
const LONGEST_WAIT_MS = 300_000
/** Sent again they would be refused again. */
const FINAL = [400, 413, 422]
const EVENTS = 'recomengine.e.'
const WAIT = 'recomengine.wait'

let flying: string[] = []
let failures = 0
let timer: unknown

export function enqueue(id: string, event: OutgoingEvent): void {
  const json = encode(event)
  const names = namesOf(EVENTS)
  if (json.length > MOST_CHARACTERS) return fault('event_too_large')
  if (names.length > MOST_WAITING) {
    fault('queue_full')
    remove(names[0]!)
  }
  write(`${EVENTS}${Date.now()}.${id}`, json)
  emit('event', { id, event })
  if (names.length > MOST_EVENTS) void flush()
  schedule()
}

/** Send what earlier pages left, and what there is when this one is left. */
export function startQueue(): void {
  schedule()
  document.addEventListener('visibilitychange', () => document.hidden && void flush())
}

export async function flush(): Promise<void> {
  const [names, body] = next()
  if (!names.length || (flying.length && !document.hidden) || waitMs() > 0) return
  flying = [...flying, ...names]
  const { status, waitS, data } = await post('events/batch', body, ANSWER_MS)
  flying = []
  const results = (data as { results?: Receipt[] } | undefined)?.results
  if (results || FINAL.includes(status)) settle(names, results ?? [])
  else {
    const backoffMs = Math.min(LONGEST_WAIT_MS, 1000 * 2 ** ++failures) * (0.5 + Math.random() / 2)
    write(WAIT, `${Date.now() + Math.max(waitS * 1000, backoffMs)}`)
  }
  schedule()
}

function schedule(): void {
  timer ??= namesOf(EVENTS).length && setTimeout(() => {
    timer = null
    void flush()
    schedule()
  }, Math.max(EVERY_MS, waitMs()))
}

function waitMs(): number {
  return +store[WAIT]! - Date.now()
}

/** The events of one request that are not on their way already, and its body. */
function next(): [names: string[], body: string] {
  const names: string[] = []
  let events = ''
  for (const name of allowed() ? namesOf(EVENTS) : []) {
    if (flying.includes(name)) continue
    if (names.length === MOST_EVENTS || events.length + store[name]!.length > MOST_CHARACTERS) break
    names.push(name)
    events += (events && ',') + store[name]
  }
  const rest = { key: settings.key, sentAt: Date.now(), client: { name: 'js', version: VERSION, errors: faults } }
  return [names, `{"events":[${events}],${encode(rest).slice(1)}`]
}

/** An answer that stands: of each event, or without results that none of them will ever be taken. */
function settle(names: string[], results: Receipt[]): void {
  failures = 0
  clearFaults()
  const receipts = names.map((name, index): Receipt => {
    remove(name)
    return { status: 'dropped', ...results[index], id: name.split('.')[3]! }
  })
  for (const { status } of receipts) if (status === 'dropped' || status === 'rejected') fault(status)
  emit('sent', receipts)
}
