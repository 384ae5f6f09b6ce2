import { useSyncExternalStore } from 'react'
import { Icon } from '@/components/Icon'

export interface Toast {
  title: string
  tone?: 'neutral' | 'good' | 'bad'
  /** Takes back what was done; offered for as long as the message stands. */
  undo?: () => void
}

const MOST = 4
const STANDS_MS = 6_000
type Shown = Toast & { id: number }

const listeners = new Set<() => void>()
let shown: readonly Shown[] = []
let last = 0

function show(next: readonly Shown[]): void {
  shown = next
  for (const listener of [...listeners]) listener()
}

/** A short message at the foot of the screen. A failure stays until it is closed. */
export function toast(message: Toast): void {
  const id = ++last
  show([...shown, { ...message, id }].slice(-MOST))
  if (message.tone !== 'bad') setTimeout(dismiss, message.undo ? 2 * STANDS_MS : STANDS_MS, id)
}

function dismiss(id: number): void {
  show(shown.filter((one) => one.id !== id))
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

const EDGE = { neutral: 'border-line-strong', good: 'border-good', bad: 'border-bad' }

export function Toasts() {
  const all = useSyncExternalStore(subscribe, () => shown)
  return (
    <div
      role="region"
      aria-label="Messages"
      className="pointer-events-none fixed inset-x-3 bottom-3 z-50 md:left-auto md:w-96"
    >
      <ul aria-live="polite" className="flex flex-col gap-2">
        {all.map((one) => (
          <li
            key={one.id}
            className={`pointer-events-auto flex items-start gap-3 rounded-md border bg-surface px-3 py-2 shadow-lg ${EDGE[one.tone ?? 'neutral']}`}
          >
            <span className="min-w-0 flex-1 py-0.5 break-words">{one.title}</span>
            {one.undo !== undefined && (
              <button
                type="button"
                className="py-0.5 font-medium text-accent"
                onClick={() => {
                  dismiss(one.id)
                  one.undo?.()
                }}
              >
                Undo
              </button>
            )}
            <button
              type="button"
              aria-label="Close the message"
              className="p-1 text-muted"
              onClick={() => dismiss(one.id)}
            >
              <Icon name="close" />
            </button>
          </li>
        ))}
      </ul>
    </div>
  )
}
