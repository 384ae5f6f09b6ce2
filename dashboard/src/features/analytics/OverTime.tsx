import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { SelectField } from '@/components/ChoiceFields'
import { usePeriod } from '@/components/DateRange'
import { ErrorState } from '@/components/ErrorState'
import { dateTime, dayOf } from '@/components/format'
import { LineChart, type Series } from '@/components/LineChart'
import { Section } from '@/components/Page'
import { seriesQuery, type Asked, type SeriesAsked } from '@/features/analytics/api'
import { FIGURES, isMetric, onAxis, type Metric } from '@/features/analytics/figures'
import { analyticsRoute } from '@/features/analytics/routes'
import { useTenant } from '@/features/tenants/current'

const MOST_DAYS_BY_HOUR = 31
const MOST_LINES = 5
const METRICS = Object.entries(FIGURES).map(([value, { label }]) => ({ value, label }))
const GROUPS = [
  { value: 'placementId', label: 'By placement' },
  { value: 'strategy', label: 'By strategy' },
]

interface Props {
  tenantId: string
  asked: Asked
  currency: string
}

/** One figure by days or hours: against the period before, or split by placement or strategy. */
export function OverTime({ tenantId, asked, currency }: Props) {
  const search = analyticsRoute.useSearch()
  const { days, compare, before } = usePeriod(useTenant().config.timezone)
  const metric: Metric = isMetric(search.metric) ? search.metric : 'revenue'
  const interval = days <= MOST_DAYS_BY_HOUR ? (search.interval ?? 'day') : 'day'
  const query: SeriesAsked = { ...asked, metric, interval, groupBy: search.group }
  const now = useQuery(seriesQuery(tenantId, query))
  const isCompared = compare && search.group === undefined
  const then = useQuery({ ...seriesQuery(tenantId, { ...query, ...before }), enabled: isCompared })
  const times = [...new Set((now.data ?? []).map(timeOf))]
  const series = search.group === undefined ? [{ label: FIGURES[metric].label, values: (now.data ?? []).map(valueOf) }] : grouped(now.data ?? [], search.group)
  if (isCompared && then.data !== undefined) {
    series.push({ label: 'Period before', values: then.data.slice(0, times.length).map(valueOf), isBefore: true })
  }
  return (
    <Section title="Over time" intro={FIGURES[metric].about} actions={<Choices metric={metric} interval={interval} canBeHours={days <= MOST_DAYS_BY_HOUR} />}>
      {now.error ? (
        <ErrorState error={now.error} retry={() => void now.refetch()} />
      ) : now.data === undefined ? (
        <div className="skeleton h-73" />
      ) : (
        <LineChart
          label={`${FIGURES[metric].label} by ${interval}`}
          times={times}
          series={series}
          format={(value) => onAxis(metric, value, currency)}
          formatTime={(time) => (interval === 'day' ? dayOf(time) : dateTime(time))}
        />
      )}
    </Section>
  )
}

interface Point {
  date?: string
  time?: string
  value?: unknown
  placementId?: string
  strategy?: string
}

const timeOf = (point: Point): string => point.date ?? point.time ?? ''
const valueOf = (point: Point): number | null => (typeof point.value === 'number' ? point.value : null)

/** Points come group by group, the largest first. */
function grouped(points: readonly Point[], group: 'placementId' | 'strategy'): Series[] {
  const byName = new Map<string, (number | null)[]>()
  for (const point of points) {
    const name = point[group] ?? ''
    byName.set(name, [...(byName.get(name) ?? []), valueOf(point)])
  }
  return [...byName].slice(0, MOST_LINES).map(([name, values]) => ({ label: name || 'None', values }))
}

function Choices({ metric, interval, canBeHours }: { metric: Metric; interval: 'day' | 'hour'; canBeHours: boolean }) {
  const { group } = analyticsRoute.useSearch()
  const navigate = useNavigate()
  const set = (next: Record<string, string | undefined>) =>
    void navigate({ to: '.', search: ((before: object) => ({ ...before, ...next })) as never, replace: true, resetScroll: false })
  return (
    <>
      <SelectField label="Figure" hideLabel value={metric} options={METRICS} onChange={(value) => set({ metric: value })} className="w-48" />
      <SelectField label="Split" hideLabel value={group ?? ''} placeholder="Not split" options={GROUPS} onChange={(value) => set({ group: value || undefined })} className="w-36" />
      {canBeHours && (
        <SelectField
          label="Interval"
          hideLabel
          value={interval}
          options={[{ value: 'day', label: 'Days' }, { value: 'hour', label: 'Hours' }]}
          onChange={(value) => set({ interval: value })}
          className="w-24"
        />
      )}
    </>
  )
}
