/**
 * The script for a page: takes the place of the stub, does what the stub noted, and starts by what the tag says. A second
 * copy on the same page does nothing.
 */
import { configure } from './config.ts'
import { engine } from './index.ts'
import { openStorage } from './storage.ts'
import type { Engine, InitOptions } from './types.ts'

/** What the page called before the script was there: the function's name, and what it was given. */
interface Call extends Array<unknown> {
  /** Resolves the promise that the stub gave. */
  done?: (value: unknown) => void
}

const before = window.RecomEngine as (Partial<Engine> & { q?: Call[] }) | undefined
if (!before?.version) {
  const script = document.currentScript as HTMLScriptElement | null
  window.RecomEngine = engine
  if (script) configure({ apiUrl: script.src.replace(/\/sdk\/v1\/.*/, ''), ...script.dataset } as InitOptions)
  openStorage()
  for (const call of before?.q ?? []) {
    const [name, ...given] = call
    const result = (engine[name as 'init'] as ((...given: unknown[]) => unknown) | undefined)?.(...given)
    call.done?.(result)
  }
  engine.init({})
}
