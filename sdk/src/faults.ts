/**
 * What went wrong, counted by code. Nothing is thrown into the page; the counts leave with the next events, for whoever
 * looks after the shop.
 */
import { emit } from './listeners.ts'

export const faults: Record<string, number> = {}

export function fault(code: string): void {
  faults[code] = (faults[code] ?? 0) + 1
  if (code !== 'listener') emit('error', { code })
}

/** They were told of. What failed while they were on their way is let go with them. */
export function clearFaults(): void {
  for (const code of Object.keys(faults)) delete faults[code]
}

/** What `work` gives or promises; `otherwise`, and a fault, where it fails. */
export function quietly<T>(code: string, work: () => T): T | undefined
export function quietly<T>(code: string, work: () => T, otherwise: Awaited<T>): T
export function quietly(code: string, work: () => unknown, otherwise?: unknown): unknown {
  const failed = (): unknown => {
    fault(code)
    return otherwise
  }
  try {
    const result = work()
    return result instanceof Promise ? result.catch(failed) : result
  } catch {
    return failed()
  }
}
