/**
 * The script for a page: takes the place of the stub, does what the stub noted, and starts by what the tag says. A
 * second copy on the same page does nothing.
 */
import { settings } from './config.ts'
import { engine } from './index.ts'
import { openStorage } from './storage.ts'
import type { Engine, InitOptions } from './types.ts'

/** What the page called before the script was there: the function's name, and what it was given. */
type Call = [name: 'init', ...given: never[]]

const before = window.RecomEngine as (Partial<Engine> & { q?: Call[] }) | undefined
if (!before?.version) {
  const script = document.currentScript as HTMLScriptElement | null
  window.RecomEngine = engine
  if (script) Object.assign(settings, { apiUrl: script.src.replace(/\/sdk\/v1\/.*/, '') }, script.dataset)
  openStorage()
  for (const [name, ...given] of before?.q ?? []) engine[name]?.(...(given as unknown as [InitOptions]))
  engine.init({})
}
