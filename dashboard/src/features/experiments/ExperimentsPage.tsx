import { useInfiniteQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useMemo, useState, type ReactNode } from 'react'
import { Badge } from '@/components/Badge'
import { Button } from '@/components/Button'
import { SelectField } from '@/components/ChoiceFields'
import { DataTable, type Column } from '@/components/DataTable'
import { EmptyState } from '@/components/EmptyState'
import { ErrorState } from '@/components/ErrorState'
import { date } from '@/components/format'
import { Loading } from '@/components/Loading'
import { Page } from '@/components/Page'
import { experimentsQuery } from '@/features/experiments/api'
import { NewExperiment } from '@/features/experiments/NewExperiment'
import { experimentsRoute } from '@/features/experiments/routes'
import { measured, STATUSES, strategyName, type Experiment } from '@/features/experiments/words'
import { useCan, useTenant } from '@/features/tenants/current'

const WHAT =
  'An experiment gives one part of the shoppers another strategy and says which part clicks, buys or spends more.'
const STATUS_OPTIONS = Object.entries(STATUSES).map(([value, { label }]) => ({ value, label }))

export function ExperimentsPage() {
  const { id } = useTenant()
  const { status } = experimentsRoute.useSearch()
  const navigate = useNavigate()
  const [isMaking, setMaking] = useState(false)
  const canMake = useCan('developer')
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(experimentsQuery(id, status))
  const columns = useMemo(() => columnsOf(id), [id])
  const make = canMake && (
    <Button variant="primary" onClick={() => setMaking(true)}>
      New experiment
    </Button>
  )
  return (
    <Page title="Experiments" intro="Two strategies on the shop’s own shoppers: which serves them better." actions={make}>
      <SelectField
        label="Status"
        hideLabel
        value={status ?? ''}
        placeholder="All statuses"
        options={STATUS_OPTIONS}
        onChange={(value) => void navigate({ to: '.', search: ((before: object) => ({ ...before, status: value || undefined })) as never, replace: true })}
        className="w-40"
      />
      {error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : data === undefined ? (
        <Loading />
      ) : (
        <DataTable
          label="Experiments"
          columns={columns}
          rows={data.pages.flatMap((page) => page.data)}
          rowKey={(row) => row.id}
          onMore={hasNextPage ? () => void fetchNextPage() : undefined}
          isLoadingMore={isFetchingNextPage}
          empty={<Empty isFiltered={status !== undefined} action={make} />}
        />
      )}
      <NewExperiment tenantId={id} isOpen={isMaking} onClose={() => setMaking(false)} />
    </Page>
  )
}

function Empty({ isFiltered, action }: { isFiltered: boolean; action: ReactNode }) {
  if (isFiltered) return <EmptyState title="None with this status" />
  return (
    <EmptyState
      title="No experiments yet"
      body={`${WHAT} ${action ? 'Make one, see how long it will take, and start it.' : 'Developers and owners make them.'}`}
      action={action}
    />
  )
}

const columnsOf = (tenantId: string): Column<Experiment>[] => [
  {
    id: 'name',
    header: 'Name',
    cell: (row) => (
      <Link to="/dashboard/tenants/$tenantId/experiments/$experimentId" params={{ tenantId, experimentId: row.id }} className="text-accent hover:underline">
        {row.name}
      </Link>
    ),
    sort: (row) => row.name,
  },
  { id: 'status', header: 'Status', cell: (row) => <Badge tone={STATUSES[row.status].tone}>{STATUSES[row.status].label}</Badge>, sort: (row) => row.status },
  { id: 'placement', header: 'Placement', cell: (row) => row.placementId ?? 'Whole shop', sort: (row) => row.placementId, isWideOnly: true },
  {
    id: 'strategies',
    header: 'Strategies',
    cell: (row) => `${strategyName(row.variantStrategy)} against ${strategyName(row.controlStrategy)}`,
    isWideOnly: true,
  },
  { id: 'metric', header: 'Measured by', cell: (row) => measured(row), isWideOnly: true },
  { id: 'started', header: 'Started', cell: (row) => date(row.startedAt), sort: (row) => row.startedAt, align: 'end', isWideOnly: true },
]
