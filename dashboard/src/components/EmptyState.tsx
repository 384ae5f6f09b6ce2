import type { ReactNode } from 'react'

/** In place of what is not there yet: what it would be, and how to get it. */
export function EmptyState({ title, body, action }: { title: string; body?: ReactNode; action?: ReactNode }) {
  return (
    <div className="flex flex-col items-start gap-2 border-t border-line py-8">
      <p className="text-lg font-medium">{title}</p>
      {body !== undefined && <div className="max-w-prose text-muted">{body}</div>}
      {action !== undefined && <div className="pt-2">{action}</div>}
    </div>
  )
}
