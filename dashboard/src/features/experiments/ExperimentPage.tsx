import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Badge } from '@/components/Badge'
import { ErrorState } from '@/components/ErrorState'
import { dateTime } from '@/components/format'
import { Loading } from '@/components/Loading'
import { Page } from '@/components/Page'
import { Actions } from '@/features/experiments/Actions'
import { experimentQuery } from '@/features/experiments/api'
import { PowerCheck } from '@/features/experiments/PowerCheck'
import { ResultTabs } from '@/features/experiments/ResultTabs'
import { experimentRoute } from '@/features/experiments/routes'
import { measured, STATUSES, strategyName, type Experiment } from '@/features/experiments/words'
import { useTenant } from '@/features/tenants/current'

export function ExperimentPage() {
  const { id } = useTenant()
  const { experimentId } = experimentRoute.useParams()
  const { data, error, refetch } = useQuery(experimentQuery(id, experimentId))
  const breadcrumbs = [{ label: 'Experiments', to: '/dashboard/tenants/$tenantId/experiments', params: { tenantId: id } }]
  if (data === undefined) {
    return (
      <Page title="Experiment" breadcrumbs={breadcrumbs}>
        {error ? <ErrorState error={error} retry={() => void refetch()} /> : <Loading />}
      </Page>
    )
  }
  return (
    <Page title={data.name} breadcrumbs={breadcrumbs} actions={<Actions tenantId={id} experiment={data} />}>
      <Facts experiment={data} />
      {data.status === 'draft' ? <PowerCheck tenantId={id} experiment={data} /> : <ResultTabs tenantId={id} experiment={data} />}
    </Page>
  )
}

function Facts({ experiment }: { experiment: Experiment }) {
  const { status, kind, trafficSplit, startedAt, completedAt } = experiment
  const isAb = kind === 'ab'
  return (
    <dl className="grid grid-cols-2 gap-x-6 gap-y-3 md:grid-cols-4">
      <Fact label="Status">
        <Badge tone={STATUSES[status].tone}>{STATUSES[status].label}</Badge>
      </Fact>
      <Fact label="Control">
        {strategyName(experiment.controlStrategy)} {isAb && <span className="text-muted">{trafficSplit} %</span>}
      </Fact>
      <Fact label="Variant">
        {strategyName(experiment.variantStrategy)} {isAb && <span className="text-muted">{100 - trafficSplit} %</span>}
      </Fact>
      <Fact label="Placement">{experiment.placementId ?? 'Whole shop'}</Fact>
      <Fact label="Measured by">{measured(experiment)}</Fact>
      <Fact label="Kind">{isAb ? 'A/B' : 'Interleaving'}</Fact>
      {startedAt !== null && <Fact label="Started">{dateTime(startedAt)}</Fact>}
      {completedAt !== null && <Fact label="Completed">{dateTime(completedAt)}</Fact>}
    </dl>
  )
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="min-w-0">
      <dt className="text-sm text-muted">{label}</dt>
      <dd className="break-words">{children}</dd>
    </div>
  )
}
