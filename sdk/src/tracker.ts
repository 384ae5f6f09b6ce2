/**
 * What shoppers see and do: an impression is half of a card in view for a second on end, once for each list that is
 * shown; a click is any on the card. Both carry the list's marks, by which the server knows what led to what.
 */
import { settings } from './config.ts'
import { enqueue, flush } from './queue.ts'
import { randomId, shopperId } from './shopper.ts'
import type { EventFields, EventType, Item, Meta } from './types.ts'

const HALF = 0.5
const LOOK_MS = 250
const LOOKS = 4

/** Note an event, where the shopper allows it. */
export function track(eventType: EventType, fields: EventFields = {}): void {
  const userId = shopperId()
  if (!userId) return
  const { productId, sessionId = settings.sessionId, timestamp = Date.now(), eventId, metadata, ...more } = fields
  const id = eventId || randomId()
  // An order's line is known by what it is, so that a reloaded page does not count it twice.
  const isLine = more.orderId && /^(purchase|return)$/.test(eventType)
  enqueue(id, {
    eventType,
    userId,
    productId,
    sessionId,
    timestamp,
    eventId: isLine ? eventId : id,
    metadata: { ...metadata, ...more },
  })
}

/** Track what becomes of the cards of a list; what is returned ends it. */
export function observe(cards: HTMLElement[], items: Item[], placementId: string, meta: Meta): () => void {
  const { recommendationId, strategy, experimentId, variant } = meta
  const looks = new Map<Element, number>()
  /** How often each unseen card was in view on end; NaN: it is not. */
  const note = (eventType: EventType, card: Element): void => {
    const position = cards.indexOf(card as HTMLElement)
    const { productId, variant: pick = variant } = items[position]!
    track(eventType, { productId, placementId, recommendationId, strategy, experimentId, variant: pick, position })
  }
  const observer = window.IntersectionObserver && new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) looks.set(target, isIntersecting ? 0 : NaN)
  }, { threshold: HALF })
  const timer = setInterval(() => {
    looks.forEach((times, card) => {
      if (!observer) times = isOnTop(card) ? times || 0 : NaN
      if (times >= LOOKS) {
        looks.delete(card)
        observer?.unobserve(card)
        note('impression', card)
      } else looks.set(card, document.hidden ? times && 0 : times + 1)
    })
  }, LOOK_MS)
  const clicked = ({ currentTarget }: Event): void => {
    note('click', currentTarget as Element)
    void flush() // it may lead away from the page
  }
  for (const card of cards) {
    looks.set(card, NaN)
    observer?.observe(card)
    card.onclick = card.onauxclick = clicked
  }
  return () => {
    clearInterval(timer)
    observer?.disconnect()
    for (const card of cards) card.onclick = card.onauxclick = null
  }
}

/** Whether the middle of a card can be seen, for pages that took IntersectionObserver away. */
function isOnTop(card: Element): boolean {
  const { left, top, width, height } = card.getBoundingClientRect()
  return card.contains((card.getRootNode() as Document).elementFromPoint(left + width / 2, top + height / 2))
}
