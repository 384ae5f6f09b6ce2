/**
 * The SDK's functions, as pages call them. Nothing throws or rejects; what fails is counted.
 */
import { ask } from './api.ts'
import { variantOf } from './assignment.ts'
import { allowed, isOff, settings } from './config.ts'
import { quietly } from './faults.ts'
import { on } from './listeners.ts'
import { paint, scan } from './placements.ts'
import { startQueue } from './queue.ts'
import { forgetAll, identify, join, shopperId } from './shopper.ts'
import { openStorage } from './storage.ts'
import { endTracking, track } from './tracker.ts'
import type { Engine, InitOptions, Item, Meta } from './types.ts'
import { VERSION } from './version.ts'

const enum Limit {
  SETTLED_MS = 50,
}

let started = false

function init(options: InitOptions): void {
  Object.assign(settings, options)
  openStorage()
  if (!allowed()) forgetAll()
  if (settings.key && !started) {
    started = true
    startQueue()
    if (!isOff(settings.auto)) watchPage()
  }
  void join()
}

/** Show the placements there are and those that come, as in applications of a single page. */
function watchPage(): void {
  let due: unknown
  const look = (): void => {
    due = 0
    // Once all of the page's elements are there, its placements are one request.
    if (document.readyState === 'loading') wait()
    else void scan()
  }
  const wait = (): unknown => (due ||= setTimeout(look, Limit.SETTLED_MS))
  new MutationObserver(wait).observe(document, {
    childList: true,
    subtree: true,
    attributeFilter: ['data-recomengine-placement', 'data-product-id', 'data-category'],
  })
  look()
}

const functions: Omit<Engine, 'version'> = {
  on,
  init,
  render: (target, options) =>
    target instanceof Element ? paint(target, options, true) : (scan(true, target, options) as Promise<void>),
  track,
  identify,
  async recommend({ productIds: productId, ...rest } = {}) {
    const { data, meta } = await ask('recommendations', { productId, ...rest })
    return { data: data ?? [], meta } as { data: Item[]; meta?: Meta }
  },
  setConsent: (consent) => init({ consent }),
  reset() {
    endTracking()
    settings.userId = settings.sessionId = null
    forgetAll()
  },
  async assign(experimentId, trafficSplit = 50) {
    const userId = shopperId()
    return userId ? variantOf(userId, experimentId, trafficSplit) : 'control'
  },
}

export const engine = { version: VERSION } as Engine & Record<string, unknown>
for (const [name, work] of Object.entries(functions)) {
  engine[name] = (...given: never[]) => quietly(name, () => (work as (...given: never[]) => unknown)(...given))
}
