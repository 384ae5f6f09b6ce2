import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { Badge } from '@/components/Badge'
import { EmptyState } from '@/components/EmptyState'
import { ErrorState } from '@/components/ErrorState'
import { dateTime } from '@/components/format'
import { Loading } from '@/components/Loading'
import { Tabs } from '@/components/Tabs'
import { resultsQuery } from '@/features/experiments/api'
import { DayByDay } from '@/features/experiments/DayByDay'
import { Health, isHealthy } from '@/features/experiments/Health'
import { Outcome } from '@/features/experiments/Outcome'
import { experimentRoute } from '@/features/experiments/routes'
import { verdict, type Experiment, type Results } from '@/features/experiments/words'

/** What one that has started shows: what to do, then the figures, their way there, and whether they can be trusted. */
export function ResultTabs({ tenantId, experiment }: { tenantId: string; experiment: Experiment }) {
  const { tab = 'results' } = experimentRoute.useSearch()
  const navigate = useNavigate()
  const { data, error, refetch } = useQuery(resultsQuery(tenantId, experiment.id))
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  if (data === undefined) return <Loading />
  if (data.variants.every((variant) => variant.users === 0)) return <NobodyYet experiment={experiment} results={data} />
  return (
    <>
      <Verdict results={data} />
      <Tabs
        label="What it shows"
        selected={tab}
        onSelect={(id) => void navigate({ to: '.', search: ((before: object) => ({ ...before, tab: id })) as never, replace: true, resetScroll: false })}
        tabs={[
          { id: 'results', label: 'Results', content: <Outcome experiment={experiment} results={data} /> },
          { id: 'days', label: 'Day by day', content: <DayByDay tenantId={tenantId} experiment={experiment} /> },
          { id: 'health', label: isHealthy(data) ? 'Health' : 'Health: look here', content: <Health results={data} /> },
        ]}
      />
    </>
  )
}

function Verdict({ results }: { results: Results }) {
  const { text, tone } = verdict(results)
  return (
    <section aria-label="What to do" className="flex flex-col gap-1 border-l-2 border-accent py-1 pl-4">
      <p className="flex flex-wrap items-center gap-2 text-lg font-semibold">
        {text}
        <Badge tone={tone}>{results.decision}</Badge>
      </p>
      <p className="max-w-prose">{results.summary}</p>
      <p className="text-sm text-muted">As of {dateTime(results.computedAt)}.</p>
    </section>
  )
}

function NobodyYet({ experiment, results }: { experiment: Experiment; results: Results }) {
  const where = experiment.placementId === null ? 'any placement' : `the placement “${experiment.placementId}”`
  return (
    <>
      <EmptyState
        title="No shopper has seen it yet"
        body={`It counts whoever is shown a list at ${where} and of whom an impression with the experiment’s id comes back. The script of the shop does that by itself; a server sends back what the reply’s meta says.`}
      />
      {results.mismatched > 0 && <p className="text-warn">{results.warnings[0]}</p>}
    </>
  )
}
