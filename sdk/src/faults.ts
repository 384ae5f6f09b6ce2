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

/** Work begins at once. The promise of what it gives; of undefined, and a fault, where it fails. */
export async function quietly<T>(code: string, work: () => T): Promise<Awaited<T> | void> {
  try {
    return await work()
  } catch {
    fault(code)
  }
}
