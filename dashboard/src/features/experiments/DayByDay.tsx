import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { ErrorState } from '@/components/ErrorState'
import { dateTime, number } from '@/components/format'
import { LineChart } from '@/components/LineChart'
import { byDayQuery } from '@/features/experiments/api'
import { liftOf, type Experiment } from '@/features/experiments/words'
import { useTenant } from '@/features/tenants/current'

/** How the difference and its sequential interval went: the band narrows until it leaves 0 out, or does not. */
export function DayByDay({ tenantId, experiment }: { tenantId: string; experiment: Experiment }) {
  const { currency } = useTenant().config
  const { data, error, refetch } = useQuery(byDayQuery(tenantId, experiment.id))
  const times = useMemo(() => (data ?? []).map((look) => look.at), [data])
  const series = useMemo(
    () => [
      { label: 'Lower end', values: (data ?? []).map((look) => look.sequentialCi?.[0] ?? null) },
      { label: 'Measured difference', values: (data ?? []).map((look) => look.absoluteLift) },
      { label: 'Upper end', values: (data ?? []).map((look) => look.sequentialCi?.[1] ?? null) },
    ],
    [data],
  )
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  if (data === undefined) return <div className="skeleton h-67" />
  const known = data.filter((look) => look.sequentialCi !== null)
  if (known.length === 0) {
    return <p className="text-muted">The interval begins at 50 shoppers of each variant; there are {number(data.at(-1)?.users ?? 0)} of both together.</p>
  }
  return (
    <div className="flex flex-col gap-3">
      <p className="max-w-prose text-muted">
        Variant less control, as a look at the end of each day would have shown it. Where the band is above 0 the variant is better, where it is below 0 control is; until then, wait.
      </p>
      <LineChart label="Difference day by day" times={times} series={series} band={[0, 2]} format={(value) => liftOf(experiment, value, currency)} formatTime={dateTime} />
    </div>
  )
}
