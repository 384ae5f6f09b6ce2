import { useInfiniteQuery, useMutation } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useMemo } from 'react'
import { Badge, type Tone } from '@/components/Badge'
import { Button } from '@/components/Button'
import { SelectField } from '@/components/ChoiceFields'
import { DataTable, type Column } from '@/components/DataTable'
import { EmptyState } from '@/components/EmptyState'
import { ErrorState } from '@/components/ErrorState'
import { ago, dateTime, number } from '@/components/format'
import { Loading } from '@/components/Loading'
import { Page } from '@/components/Page'
import { toast } from '@/components/toast'
import { jobsQuery, retryJob, type Job, type Status } from '@/features/jobs/api'
import { jobsRoute } from '@/features/jobs/routes'
import { useCan, useTenant } from '@/features/tenants/current'

const EVERY_MS = 5_000

export function JobsPage() {
  const { id } = useTenant()
  const mayRetry = useCan('developer')
  const { status } = jobsRoute.useSearch()
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    ...jobsQuery(id, status),
    refetchInterval: EVERY_MS,
  })
  const columns = useMemo(() => (mayRetry ? [...COLUMNS, ACTIONS] : COLUMNS), [mayRetry])
  return (
    <Page title="Jobs" intro="What the worker does for this shop. A job that failed on every try is dead until it is tried again. Jobs are kept for a week.">
      <StatusFilter />
      {error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : data === undefined ? (
        <Loading />
      ) : (
        <DataTable
          label="Jobs"
          columns={columns}
          rows={data}
          rowKey={(job) => String(job.id)}
          empty={status === undefined ? NONE : <EmptyState title={`No ${status} jobs`} body="Choose another status to see the rest." />}
          onMore={hasNextPage ? () => void fetchNextPage() : undefined}
          isLoadingMore={isFetchingNextPage}
        />
      )}
    </Page>
  )
}

const NONE = <EmptyState title="No jobs in the last week" body="The first one is made when a model is due: with the shop's first events." />

const STATUSES: Record<Status, { label: string; tone: Tone }> = {
  dead: { label: 'Dead', tone: 'bad' },
  waiting: { label: 'Waiting', tone: 'neutral' },
  running: { label: 'Running', tone: 'info' },
  succeeded: { label: 'Succeeded', tone: 'good' },
  replaced: { label: 'Replaced', tone: 'neutral' },
}

function StatusFilter() {
  const { status } = jobsRoute.useSearch()
  const navigate = useNavigate()
  return (
    <SelectField
      label="Status"
      hideLabel
      value={status ?? ''}
      placeholder="Any status"
      options={Object.entries(STATUSES).map(([value, { label }]) => ({ value, label }))}
      onChange={(chosen) => void navigate({ to: '.', search: (chosen ? { status: chosen } : {}) as never, replace: true })}
      className="w-44"
    />
  )
}

const COLUMNS: Column<Job>[] = [
  {
    id: 'name',
    header: 'Job',
    cell: (job) => (
      <>
        <span className="block font-medium break-words">{job.name.replaceAll('_', ' ')}</span>
        <span className="text-xs text-muted">number {job.id}</span>
        {job.error && <p className="max-w-prose pt-1 font-mono text-xs break-words whitespace-pre-wrap text-bad">{job.error}</p>}
      </>
    ),
  },
  { id: 'status', header: 'Status', cell: (job) => <State job={job} /> },
  { id: 'attempts', header: 'Tries', align: 'end', isWideOnly: true, cell: (job) => number(job.attempts) },
  {
    id: 'queued',
    header: 'Queued',
    isWideOnly: true,
    cell: (job) => <span title={dateTime(job.queuedAt)}>{ago(job.queuedAt)}</span>,
  },
  { id: 'took', header: 'Took', align: 'end', isWideOnly: true, cell: (job) => <Duration job={job} /> },
]

function State({ job }: { job: Job }) {
  const { label, tone } = STATUSES[job.status]
  return (
    <>
      <Badge tone={tone}>{label.toLowerCase()}</Badge>
      {job.nextTryAt && <span className="block pt-0.5 text-xs text-muted" title={dateTime(job.nextTryAt)}>next try {ago(job.nextTryAt)}</span>}
    </>
  )
}

function Duration({ job: { startedAt, endedAt } }: { job: Job }) {
  if (!startedAt || !endedAt) return <span className="text-muted">–</span>
  const seconds = (new Date(endedAt).getTime() - new Date(startedAt).getTime()) / 1000
  return <>{number(seconds, { maximumFractionDigits: 1 })} s</>
}

const ACTIONS: Column<Job> = { id: 'actions', header: 'Actions', align: 'end', cell: (job) => <Retry job={job} /> }

function Retry({ job }: { job: Job }) {
  const { id } = useTenant()
  const retry = useMutation({
    mutationFn: () => retryJob(id, job.id),
    onSuccess: () => toast({ title: 'The job waits for its next try.', tone: 'good' }),
    onError: (error) => toast({ title: error.message, tone: 'bad' }),
  })
  if (job.status !== 'dead') return null
  return (
    <Button isPending={retry.isPending} onClick={() => retry.mutate()} aria-label={`Try job ${job.id} again`}>
      Try again
    </Button>
  )
}
