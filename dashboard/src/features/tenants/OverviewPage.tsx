import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { Badge } from '@/components/Badge'
import { Button } from '@/components/Button'
import { DataTable, type Column } from '@/components/DataTable'
import { DateRange, usePeriod } from '@/components/DateRange'
import { EmptyState } from '@/components/EmptyState'
import { ErrorState } from '@/components/ErrorState'
import { ago, change, dateTime, direction, money, number } from '@/components/format'
import { Loading } from '@/components/Loading'
import { Page } from '@/components/Page'
import { overviewQuery, type Glance } from '@/features/tenants/api'
import { CreateTenant } from '@/features/tenants/CreateTenant'
import { Totals } from '@/features/tenants/Totals'

export function OverviewPage() {
  const { from, to, compare } = usePeriod()
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(overviewQuery({ from, to }))
  const rows = data?.pages.flatMap((page) => page.data)
  return (
    <Page title="Overview" intro="All your shops at a glance. Attributed is what was bought after a click on a recommendation." actions={<DateRange />}>
      {error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : rows === undefined ? (
        <Loading />
      ) : (
        <>
          {rows.length > 0 && <Totals shops={rows} compare={compare} />}
          <DataTable
            label="Shops"
            columns={compare ? COMPARED : COLUMNS}
            rows={rows}
            rowKey={(row) => row.tenantId}
            empty={<NoTenants />}
            onMore={hasNextPage ? () => void fetchNextPage() : undefined}
            isLoadingMore={isFetchingNextPage}
          />
        </>
      )}
    </Page>
  )
}

function NoTenants() {
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <EmptyState
        title="No tenants yet"
        body="A tenant is one shop: its catalog, its events and its model. Make one, or ask a colleague to invite you to theirs."
        action={
          <Button variant="primary" onClick={() => setOpen(true)}>
            Create a tenant
          </Button>
        }
      />
      <CreateTenant isOpen={isOpen} onClose={() => setOpen(false)} />
    </>
  )
}

type Figure = keyof NonNullable<Glance['figures']>

/** A share; null where there was nothing before. */
function changeOf({ figures, previous }: Glance, of: Figure): number | null {
  if (!figures || !previous || previous[of] === 0) return null
  return figures[of] / previous[of] - 1
}

function figure(id: Figure, header: string, isCompared: boolean, extra: Partial<Column<Glance>> = {}): Column<Glance> {
  const isMoney = id === 'revenue' || id === 'attributedRevenue'
  return {
    id,
    header,
    align: 'end',
    sort: (row) => row.figures?.[id],
    cell: (row) =>
      row.figures === null || row.figures === undefined ? (
        <span className="text-muted">computing</span>
      ) : (
        <>
          {isMoney ? money(row.figures[id], row.currency) : number(row.figures[id])}
          {isCompared && <Change value={changeOf(row, id)} />}
        </>
      ),
    ...extra,
  }
}

function Change({ value }: { value: number | null }) {
  const way = direction(value ?? 0)
  const tone = way === 0 ? 'text-muted' : way > 0 ? 'text-good' : 'text-bad'
  return <span className={`block text-xs ${tone}`}>{value === null ? 'none before' : change(value)}</span>
}

function Moment({ at, none }: { at: string | null | undefined; none: string }) {
  return at ? <time dateTime={at} title={dateTime(at)}>{ago(at)}</time> : <span className="text-muted">{none}</span>
}

const columns = (isCompared: boolean): Column<Glance>[] => [
  {
    id: 'name',
    header: 'Shop',
    sort: (row) => row.name.toLowerCase(),
    cell: (row) => (
      <span className="flex flex-wrap items-baseline gap-2">
        <Link to="/dashboard/tenants/$tenantId" params={{ tenantId: row.tenantId }} className="font-medium break-words text-accent hover:underline">
          {row.name}
        </Link>
        {row.status === 'suspended' && <Badge tone="warn">suspended</Badge>}
      </span>
    ),
  },
  figure('revenue', 'Revenue', isCompared),
  figure('attributedRevenue', 'Attributed', isCompared),
  figure('clicks', 'Clicks', isCompared, { isWideOnly: true }),
  {
    id: 'lastEvent',
    header: 'Last event',
    isWideOnly: true,
    className: 'md:pl-6',
    sort: (row) => row.lastEventAt,
    cell: (row) => <Moment at={row.lastEventAt} none="none yet" />,
  },
  {
    id: 'model',
    header: 'Model built',
    isWideOnly: true,
    sort: (row) => row.modelBuiltAt,
    cell: (row) => <Moment at={row.modelBuiltAt} none="not yet" />,
  },
]
const COLUMNS = columns(false)
const COMPARED = columns(true)
