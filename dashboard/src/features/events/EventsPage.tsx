import { useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { Button } from '@/components/Button'
import { SelectField } from '@/components/ChoiceFields'
import { EmptyState } from '@/components/EmptyState'
import { ErrorState } from '@/components/ErrorState'
import { Loading } from '@/components/Loading'
import { Page } from '@/components/Page'
import { SearchField } from '@/components/SearchField'
import { Tabs } from '@/components/Tabs'
import { EVENT_TYPES, eventsQuery, typeLabel, type EventFilters, type EventType, type ListedEvent } from '@/features/events/api'
import { EventTable } from '@/features/events/EventTable'
import { Rejected } from '@/features/events/Rejected'
import { eventsRoute } from '@/features/events/routes'
import { useTail } from '@/features/events/useTail'
import { useTenant } from '@/features/tenants/current'

export function EventsPage() {
  const { tab } = eventsRoute.useSearch()
  const navigate = useNavigate({ from: eventsRoute.fullPath })
  return (
    <Page title="Events" intro="What shoppers did, as it comes in.">
      <Tabs
        label="Events"
        selected={tab ?? 'stored'}
        onSelect={(id) => void navigate({ search: (old) => ({ ...old, tab: id === 'rejected' ? id : undefined }), replace: true })}
        tabs={[
          { id: 'stored', label: 'Stored', content: <Stored /> },
          { id: 'rejected', label: 'Rejected', content: <Rejected /> },
        ]}
      />
    </Page>
  )
}

function Stored() {
  const { userId, productId, eventType, placementId } = eventsRoute.useSearch()
  const filters = { userId, productId, eventType, placementId }
  return (
    <div className="flex flex-col gap-4">
      <Filters filters={filters} />
      <Live key={JSON.stringify(filters)} filters={filters} />
    </div>
  )
}

function Filters({ filters }: { filters: EventFilters }) {
  const navigate = useNavigate({ from: eventsRoute.fullPath })
  const set = (changed: EventFilters) => void navigate({ search: (old) => ({ ...old, ...changed }), replace: true })
  return (
    <div className="grid gap-3 sm:grid-cols-2 lg:grid-cols-4">
      <SelectField
        label="Type"
        hideLabel
        value={filters.eventType ?? ''}
        onChange={(value) => set({ eventType: (value || undefined) as EventType | undefined })}
        options={[{ value: '', label: 'All types' }, ...EVENT_TYPES.map((type) => ({ value: type, label: typeLabel(type) }))]}
      />
      <SearchField label="Shopper’s id" value={filters.userId ?? ''} onChange={(value) => set({ userId: value || undefined })} />
      <SearchField label="Product’s id" value={filters.productId ?? ''} onChange={(value) => set({ productId: value || undefined })} />
      <SearchField label="Placement" value={filters.placementId ?? ''} onChange={(value) => set({ placementId: value || undefined })} />
    </div>
  )
}

function Live({ filters }: { filters: EventFilters }) {
  const { id } = useTenant()
  const [isPaused, setPaused] = useState(false)
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(eventsQuery(id, filters))
  const listed = data?.pages.flatMap((page) => page.data)
  const { fresh, error: tailError } = useTail(id, filters, listed, isPaused)
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  if (listed === undefined) return <Loading />
  const resume = () => {
    if (isPaused) void refetch() // whatever came meanwhile, however long that was
    setPaused(!isPaused)
  }
  return (
    <>
      <div className="flex flex-wrap items-center justify-between gap-3">
        <p aria-live="polite" className="flex items-center gap-2 text-sm text-muted">
          <span className={`size-2 rounded-full ${isPaused || tailError ? 'bg-line-strong' : 'bg-good'}`} />
          {isPaused ? 'Paused' : tailError ? 'The server is away; trying again' : 'Live: new events appear at the top'}
        </p>
        <Button onClick={resume}>{isPaused ? 'Resume' : 'Pause'}</Button>
      </div>
      <EventTable
        label="Events"
        events={joined(fresh, listed)}
        empty={<Nothing isFiltered={Object.values(filters).some((value) => value !== undefined)} isMore={hasNextPage} />}
        onMore={hasNextPage ? () => void fetchNextPage() : undefined}
        isLoadingMore={isFetchingNextPage}
      />
      {listed.length + fresh.length === 0 && hasNextPage && (
        <div>
          <Button onClick={() => void fetchNextPage()} isPending={isFetchingNextPage}>
            Look further back
          </Button>
        </div>
      )}
    </>
  )
}

/** Fresh ones first; a page that is read again may have them as well. */
function joined(fresh: readonly ListedEvent[], listed: readonly ListedEvent[]): ListedEvent[] {
  const ids = new Set(fresh.map((event) => event.id))
  return [...fresh, ...listed.filter((event) => !ids.has(event.id))]
}

function Nothing({ isFiltered, isMore }: { isFiltered: boolean; isMore: boolean }) {
  if (isMore) return <EmptyState title="None among the newest 20,000 events" body="Older ones may fit." />
  if (isFiltered) return <EmptyState title="No event fits" body="Ids must be given whole. Clear a filter to see more." />
  return <EmptyState title="No events yet" body="They appear here within seconds of the first one." />
}
