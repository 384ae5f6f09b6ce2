import { useInfiniteQuery } from '@tanstack/react-query'
import { Button } from '@/components/Button'
import { ErrorState } from '@/components/ErrorState'
import { Loading } from '@/components/Loading'
import { date } from '@/components/format'
import { ProductLink } from '@/features/catalog/ProductLink'
import { eventsQuery, type ListedEvent } from '@/features/events/api'
import { TypeBadge } from '@/features/events/EventTable'
import { useTenant } from '@/features/tenants/current'

/** What a shopper did, day by day, the newest first. */
export function History({ userId }: { userId: string }) {
  const { id } = useTenant()
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(eventsQuery(id, { userId }))
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  if (data === undefined) return <Loading />
  const events = data.pages.flatMap((page) => page.data)
  if (events.length === 0) return <p className="text-muted">No events are stored.</p>
  return (
    <div className="flex flex-col gap-4">
      {[...byDay(events)].map(([day, ofDay]) => (
        <section key={day} aria-label={day} className="grid gap-x-6 gap-y-1 sm:grid-cols-[10rem_1fr]">
          <h3 className="text-muted">{day}</h3>
          <ol className="min-w-0 border-l border-line">
            {ofDay.map((event) => (
              <Step key={event.id} event={event} tenantId={id} />
            ))}
          </ol>
        </section>
      ))}
      {hasNextPage && (
        <div>
          <Button onClick={() => void fetchNextPage()} isPending={isFetchingNextPage}>Show more</Button>
        </div>
      )}
    </div>
  )
}

const TIME = new Intl.DateTimeFormat(navigator.language, { timeStyle: 'short' })

function Step({ event, tenantId }: { event: ListedEvent; tenantId: string }) {
  const metadata = event.metadata as Record<string, unknown> | null
  const quantity = typeof metadata?.['quantity'] === 'number' && metadata['quantity'] > 1 ? ` × ${metadata['quantity']}` : ''
  const query = typeof metadata?.['query'] === 'string' ? `“${metadata['query']}”` : ''
  return (
    <li className="flex flex-wrap items-baseline gap-x-3 py-1 pl-4">
      <time dateTime={event.timestamp} className="w-16 text-sm text-muted">{TIME.format(new Date(event.timestamp))}</time>
      <span className="w-28">
        <TypeBadge eventType={event.eventType} />
      </span>
      <span className="min-w-0 break-words">
        {event.productId === null ? query : <ProductLink tenantId={tenantId} productId={event.productId} name={event.productName} />}
        {quantity}
      </span>
    </li>
  )
}

function byDay(events: readonly ListedEvent[]): Map<string, ListedEvent[]> {
  const days = new Map<string, ListedEvent[]>()
  for (const event of events) {
    const day = date(event.timestamp)
    days.set(day, [...(days.get(day) ?? []), event])
  }
  return days
}
