import { useSyncExternalStore } from 'react'

/** What the command palette shows first: everything, or tenants alone. */
export type Scope = 'all' | 'tenants'

const listeners = new Set<() => void>()
let shown: Scope | null = null

export function showPalette(scope: Scope | null): void {
  shown = scope
  for (const listener of [...listeners]) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export const usePalette = (): Scope | null => useSyncExternalStore(subscribe, () => shown)
