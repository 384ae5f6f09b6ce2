/**
 * First-party storage; the page's memory where that is blocked. Nothing is kept that the shopper does not allow. Its
 * entries are properties, since pages overwrite its functions; all names begin with `recomengine.`.
 */
import { allowed } from './config.ts'
import { fault, quietly } from './faults.ts'

export let store: Record<string, string> = {}

export function openStorage(): void {
  try {
    localStorage['recomengine.'] = ''
    delete localStorage['recomengine.']
    store = localStorage
  } catch {
    fault('storage')
  }
}

export function write(name: string, value: string): void {
  if (allowed()) quietly('storage', () => (store[name] = value))
}

/** In order. */
export function namesOf(beginning: string): string[] {
  return Object.keys(store).filter((name) => name.startsWith(beginning)).sort()
}

export function remove(name: string): void {
  delete store[name]
}
