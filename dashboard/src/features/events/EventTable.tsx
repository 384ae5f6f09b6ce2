import { Link } from '@tanstack/react-router'
import { useState, type ReactNode } from 'react'
import { Badge, type Tone } from '@/components/Badge'
import { CodeBlock } from '@/components/Copy'
import { DataTable, type Column } from '@/components/DataTable'
import { Dialog } from '@/components/Dialog'
import { ago, dateTime } from '@/components/format'
import { ProductLink } from '@/features/catalog/ProductLink'
import { typeLabel, type ListedEvent } from '@/features/events/api'
import { useTenant } from '@/features/tenants/current'

const TONES: Record<string, Tone> = { purchase: 'good', add_to_cart: 'info', wishlist: 'info', return: 'warn', dislike: 'warn' }

export function TypeBadge({ eventType }: { eventType: string }) {
  return <Badge tone={TONES[eventType]}>{typeLabel(eventType)}</Badge>
}

type Row = ListedEvent & { tenantId: string; open: () => void }

const WHEN: Column<Row> = {
  id: 'when',
  header: 'When',
  className: 'whitespace-nowrap',
  cell: (row) => (
    <button type="button" onClick={row.open} className="text-left underline decoration-dotted underline-offset-4 hover:decoration-solid" title={dateTime(row.timestamp)}>
      <span className="sr-only">Show the event of </span>
      {ago(row.timestamp)}
    </button>
  ),
}
const TYPE: Column<Row> = { id: 'type', header: 'Type', cell: (row) => <TypeBadge eventType={row.eventType} /> }
const SHOPPER: Column<Row> = { id: 'shopper', header: 'Shopper', cell: (row) => <ShopperLink row={row} /> }
const SHOPPER_IF_WIDE: Column<Row> = { ...SHOPPER, isWideOnly: true }
const PRODUCT: Column<Row> = {
  id: 'product',
  header: 'Product',
  cell: (row) => (
    <>
      {row.productId === null ? '–' : <ProductLink tenantId={row.tenantId} productId={row.productId} name={row.productName} />}
      {row.productId !== null && row.productName == null && <div className="text-xs text-muted">not in the catalog</div>}
      <div className="md:hidden">
        <ShopperLink row={row} />
      </div>
    </>
  ),
}
const PLACEMENT: Column<Row> = {
  id: 'placement',
  header: 'Placement',
  isWideOnly: true,
  cell: (row) => placementOf(row) ?? '–',
}
const SESSION: Column<Row> = {
  id: 'session',
  header: 'Session',
  isWideOnly: true,
  cell: (row) => <span className="font-mono text-sm break-all text-muted">{row.sessionId ?? '–'}</span>,
}

const ALL = [WHEN, TYPE, SHOPPER_IF_WIDE, PRODUCT, PLACEMENT, SESSION] as const
const OF_A_PRODUCT = [WHEN, TYPE, SHOPPER, PLACEMENT, SESSION] as const

function ShopperLink({ row }: { row: Row }) {
  return (
    <Link
      to="/dashboard/tenants/$tenantId/shoppers/$userId"
      params={{ tenantId: row.tenantId, userId: row.userId }}
      className="font-mono text-sm break-all hover:underline"
    >
      {row.userId}
    </Link>
  )
}

function placementOf(event: ListedEvent): string | null {
  const placement = (event.metadata as Record<string, unknown> | null)?.['placementId']
  return typeof placement === 'string' ? placement : null
}

interface Props {
  label: string
  events: readonly ListedEvent[]
  empty: ReactNode
  /** Of one product, which every line would name. */
  ofProduct?: boolean
  onMore?: () => void
  isLoadingMore?: boolean
}

/** Events, each of which opens as the JSON that is stored. */
export function EventTable({ label, events, empty, ofProduct = false, onMore, isLoadingMore }: Props) {
  const { id } = useTenant()
  const [opened, setOpened] = useState<ListedEvent | null>(null)
  const rows = events.map((event) => ({ ...event, tenantId: id, open: () => setOpened(event) }))
  return (
    <>
      <DataTable
        label={label}
        columns={ofProduct ? OF_A_PRODUCT : ALL}
        rows={rows}
        rowKey={(row) => row.id}
        empty={empty}
        onMore={onMore}
        isLoadingMore={isLoadingMore}
        virtual={rows.length > 100}
      />
      <Dialog title={opened === null ? '' : typeLabel(opened.eventType)} size="medium" isOpen={opened !== null} onClose={() => setOpened(null)}>
        {opened !== null && <EventDetails event={opened} />}
      </Dialog>
    </>
  )
}

function EventDetails({ event }: { event: ListedEvent }) {
  const { id: _, productName: __, ...stored } = event
  return (
    <>
      <p className="text-muted">
        Happened {dateTime(event.timestamp)}, received {dateTime(event.receivedAt)}.
      </p>
      <CodeBlock label="The event as it is stored" code={JSON.stringify(stored, null, 2)} />
    </>
  )
}
