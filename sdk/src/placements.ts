/**
 * Placements on the page: what each asks for, what is kept of its last list, what is shown of it.
 *
 * A list that was shown in the last hour stands there at once, until the new one comes; without either, a skeleton keeps
 * the place, and is hidden when no list comes in time.
 */
import { placementOf } from './api.ts'
import { settings } from './config.ts'
import { encode } from './encode.ts'
import { quietly } from './faults.ts'
import { emit } from './listeners.ts'
import { hide, show, skeleton } from './renderer.ts'
import { shopperId } from './shopper.ts'
import { store, write } from './storage.ts'
import { observe } from './tracker.ts'
import type { Item, Placement, PlacementOptions, Widget } from './types.ts'

const HOUR_MS = 3_600_000
const EMPTY = { data: [] as Item[] } as Placement

/** A host's list: what it was asked to be, and what ends its tracking. */
interface Shown {
  request: string
  given: PlacementOptions | undefined
  stop: () => void
}

interface Attributes {
  recomenginePlacement?: string
  productId?: string
}

/** Those on the page; they are let go of when they leave it. */
const shown = new Map<HTMLElement, Shown>()
/** What `render` was told of a placement, also for elements that come later. */
const told: Record<string, PlacementOptions> = {}

/** Show the placements of the page that are not as they should be; or `anew`, those named or all. */
export async function scan(anew?: boolean, named?: string, options?: PlacementOptions): Promise<void> {
  shown.forEach(({ stop }, host) => {
    if (host.isConnected) return
    stop()
    shown.delete(host)
  })
  if (named && options) told[named] = options
  const drawn: Promise<void>[] = []
  document.querySelectorAll<HTMLElement>('[data-recomengine-placement]').forEach((host) => {
    const placementId = host.dataset.recomenginePlacement!
    if (!named || named === placementId) drawn.push(paint(host, told[placementId], anew))
  })
  await Promise.all(drawn)
}

/** No card is tracked any longer. */
export function stopAll(): void {
  shown.forEach(({ stop }) => stop())
}

/** Show a host's list, unless it is what it should be. */
export async function paint(host: HTMLElement, given?: PlacementOptions, anew?: boolean): Promise<void> {
  const before = shown.get(host)
  const options = { ...host.dataset, ...settings, ...(given ?? before?.given) } as PlacementOptions & Attributes
  const { recomenginePlacement, placementId = recomenginePlacement!, productId, category, limit, layout, title } = options
  const { productIds = productId?.split(','), strategy, context, exclude, minPrice, maxPrice } = options
  const fields = {
    placementId, productIds, limit: +limit!, strategy, context, category: category && [category].flat(), exclude, minPrice, maxPrice,
  }
  const request = encode([fields, layout, title])
  if (!anew && before?.request === request) return
  before?.stop()
  const record: Shown = { request, given, stop: () => undefined }
  shown.set(host, record)
  const dressed = (widget: Widget): Widget => Object.assign({ ...widget }, layout && { layout }, title && { title })
  const draw = ({ widget, data, meta }: Placement): void => {
    record.stop()
    quietly('render', () => {
      const items = options.transformItems?.(data) ?? data
      record.stop = observe(show(host, dressed(widget), items, options), items, placementId, meta)
      emit('render', { placementId, element: host, items, meta })
      return true
    }) || hide(host)
  }
  const entry = `recomengine.list.${placementId}`
  const asked = request + shopperId() + Math.floor(Date.now() / HOUR_MS)
  const [keptFor, kept] = quietly('storage', () => JSON.parse(store[entry] ?? '[]') as [string?, Placement?], [])
  const stale = keptFor === asked && kept
  if (stale) draw(stale)
  else quietly('render', () => skeleton(host, dressed(kept?.widget ?? ({ placementId } as Widget)), options))
  const placement = await placementOf(fields)
  if (shown.get(host) !== record) return // asked for anew meanwhile
  if (placement) write(entry, encode([asked, placement]))
  if (placement ? !stale || encode([stale.data, stale.widget]) !== encode([placement.data, placement.widget]) : !stale) {
    draw(placement ?? EMPTY)
  }
}
