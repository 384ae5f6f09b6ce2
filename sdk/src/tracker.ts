/**
 * What shoppers see and do: an impression is half of a card in view for a second on end, once for each list that is
 * shown; a click is any on the card. Both carry the list's marks, by which the server knows what led to what.
 */
import { settings } from './config.ts'
import { enqueue, flush } from './queue.ts'
import { randomId, shopperId } from './shopper.ts'
import type { EventFields, EventType, Item, Meta } from './types.ts'
import { turnedAt } from './view.ts'

const enum Limit {
  HALF = 0.5,
  SEEN_MS = 1000,
}
/** Of the shopper before and after `endTracking`. */
let era = 0

/** What becomes of the cards on the page is not tracked any longer. */
export function endTracking(): void {
  era++
}

/** Note an event, where the shopper allows it. */
export function track(eventType: EventType, fields: EventFields = {}): void {
  const userId = shopperId()
  if (!userId) return
  const { productId, sessionId = settings.sessionId, timestamp = Date.now(), eventId, ...metadata } = fields
  const id = eventId ?? randomId()
  // An order's line is known by what it is, so that a reloaded page does not count it twice.
  const named = metadata.orderId ? eventId : id
  enqueue(id, { eventType, userId, productId, sessionId, timestamp, eventId: named, metadata })
}

/** Track what becomes of the cards of a list, until they are taken away. */
export function observe(cards: HTMLElement[], items: Item[], placementId: string, meta: Meta): void {
  const drawnIn = era
  cards.forEach((card, position) => {
    const { productId, variant = meta.variant } = items[position]!
    let timer: ReturnType<typeof setTimeout> | undefined
    const note = (eventType: EventType): void => {
      if (drawnIn === era) track(eventType, { ...meta, productId, variant, placementId, position })
    }
    const judge = (isInView: boolean): void => {
      clearTimeout(timer)
      if (isInView) timer = setTimeout(ripen, Limit.SEEN_MS)
    }
    /** In a tab that was in view itself all the while; else the second begins anew. */
    const ripen = (): void => {
      if (document.hidden || Date.now() < turnedAt + Limit.SEEN_MS) return judge(true)
      observer.disconnect()
      note('impression')
    }
    const observer = window.IntersectionObserver
      && new IntersectionObserver((entries) => judge(entries.pop()!.isIntersecting), { threshold: Limit.HALF })
    observer?.observe(card)
    card.onclick = card.onauxclick = () => {
      note('click')
      void flush() // it may lead away from the page
    }
  })
}
