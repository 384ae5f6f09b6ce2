/**
 * First-party storage; the page's memory where that is blocked or full. Nothing is kept that the shopper does not allow.
 * Its entries are properties, since pages overwrite its functions; all names begin with `recomengine.`.
 */
import { allowed } from './config.ts'
import { fault } from './faults.ts'

const memory: Record<string, string> = {}
export let store = memory

export function openStorage(): void {
  try {
    store = localStorage
    delete store['recomengine.'] // throws where it is null
  } catch {
    toMemory()
  }
}

export function write(name: string, value: string): void {
  if (!allowed()) return
  try {
    store[name] = value
  } catch {
    toMemory()
    store[name] = value
  }
}

/** In order. */
export function namesOf(beginning: string): string[] {
  return Object.keys(store).filter((name) => name.startsWith(beginning)).sort()
}

export function remove(name: string): void {
  delete store[name]
}

function toMemory(): void {
  fault('storage')
  store = memory
}
