import { Badge } from '@/components/Badge'
import { Section } from '@/components/Page'
import { ago, dateTime } from '@/components/format'
import type { Setup } from '@/features/setup/api'

/** The event that came last: that what is sent arrives, and is understood. */
export function NewestEvent({ setup }: { setup: Setup }) {
  const event = setup.newestEvent
  if (event === null) return null
  return (
    <Section title="Newest event">
      <p role="status" className="flex flex-wrap items-center gap-2">
        <Badge tone="good">{event.eventType}</Badge>
        {event.productId !== null && <code className="font-mono text-sm break-all">{event.productId}</code>}
        <time title={dateTime(event.at)} className="text-muted">
          came {ago(event.at)}
        </time>
      </p>
      {!event.productKnown && (
        <p className="pt-1 text-warn">The catalog has no such product, so this event teaches nothing. Its productId is to be that of the catalog.</p>
      )}
    </Section>
  )
}
