/**
 * Placements on the page: what each asks for, what is kept of its last list, what is shown of it.
 *
 * A list that was shown in the last hour stands there at once, until the new one comes; without either, a skeleton
 * keeps the place, and is hidden when no list comes in time.
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

const enum Limit {
  HOUR_MS = 3_600_000,
  /** No card is lower: an element of that height keeps its place by itself, as reserved by the page's style sheet. */
  PLACE_PX = 99,
}

const EMPTY = { data: [] as Item[], meta: {} } as unknown as Placement

interface Attributes {
  recomenginePlacement?: string
  productId?: string
}

/** What each host was asked to be, and what `render` was told of it. */
const shown = new WeakMap<HTMLElement, [request: string, given?: PlacementOptions]>()
/** What `render` was told of a placement, also for elements that come later. */
const told: Record<string, PlacementOptions> = {}

/** Show the placements of the page that are not as they should be; or `anew`, those named or all. */
export function scan(anew?: boolean, named?: string, options?: PlacementOptions): Promise<unknown> {
  if (named && options) told[named] = options
  return Promise.all(
    Array.from(document.querySelectorAll<HTMLElement>('[data-recomengine-placement]'), (host) => {
      const { recomenginePlacement = '' } = host.dataset
      return (!named || named === recomenginePlacement) && paint(host, told[recomenginePlacement], anew)
    }),
  )
}

/** Show a host's list, unless it is what it should be. */
export async function paint(host: HTMLElement, options?: PlacementOptions, anew?: boolean): Promise<void> {
  const before = shown.get(host)
  const given = options ?? before?.[1]
  /** What the element says of its widget goes before what is saved of it, and what the page's code says before both. */
  const all = { ...host.dataset, ...settings, ...given } as PlacementOptions & Attributes
  const { placementId = all.recomenginePlacement!, category } = all
  const fields: Record<string, unknown> = {
    placementId,
    productIds: all.productIds ?? all.productId?.split(','),
    limit: +all.limit!,
    category: category && [category].flat(),
  }
  for (const name of ['strategy', 'context', 'exclude', 'minPrice', 'maxPrice'] as const) fields[name] = all[name]
  const request = encode(fields)
  if (!anew && before?.[0] === request) return
  const record: [string, PlacementOptions?] = [request, given]
  shown.set(host, record)
  const draw = ({ widget, data, meta }: Placement, isUnderWay?: boolean): void => {
    const dressed = { ...widget, ...all } as Widget
    if (all.limit) dressed.maxItems = +all.limit
    void quietly('render', () => {
      hide(host) // and so it stays where the page's own functions fail
      if (isUnderWay) return skeleton(host, dressed, all)
      const items = all.transformItems?.(data) ?? data
      observe(show(host, dressed, items, all), items, placementId, meta)
      emit('render', { placementId, element: host, items, meta })
    })
  }
  const entry = `recomengine.list.${placementId}`
  const asked = request + shopperId() + ((Date.now() / Limit.HOUR_MS) | 0)
  let keptFor: string | undefined
  let kept = EMPTY
  try {
    ;[keptFor, kept] = JSON.parse(store[entry]!)
  } catch {
    // nothing is kept
  }
  const isKept = keptFor === asked
  if (isKept || host.offsetHeight < Limit.PLACE_PX) draw(kept, !isKept)
  const fresh = await placementOf(fields)
  if (shown.get(host) !== record) return // asked for anew meanwhile
  if (fresh) write(entry, encode([asked, fresh]))
  if (!isKept || (fresh && encode(kept.data) !== encode(fresh.data))) draw(fresh ?? EMPTY)
}
