/**
 * What went wrong, counted by code. Nothing is thrown into the page; the counts leave with the next events, for whoever
 * looks after the shop.
 */
export let faults: Record<string, number> = {}

export function fault(code: string): void {
  faults[code] = (faults[code] ?? 0) + 1
}

/** They were told of. What failed while they were on their way is let go with them. */
export function clearFaults(): void {
  faults = {}
}

/** What `work` gives or promises; undefined, and a fault, where it fails. */
export function quietly<T>(code: string, work: () => T): T | void {
  const failed = (): void => fault(code)
  try {
    const result = work()
    return result instanceof Promise ? (result.catch(failed) as T) : result
  } catch {
    failed()
  }
}
