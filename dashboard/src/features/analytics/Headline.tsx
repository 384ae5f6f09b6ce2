import { percent } from '@/components/format'
import { StatCard, StatRow } from '@/components/StatCard'
import { changeOf, FIGURES, written, type Metric, type Overview } from '@/features/analytics/figures'

const SHOWN: readonly Metric[] = [
  'revenue', 'attributedRevenue', 'orders', 'averageOrderValue', 'impressions', 'clicks', 'ctr', 'conversionRate',
]

/** The figures of the period, and how they stand against the one before. */
export function Headline({ overview }: { overview: Overview }) {
  const { currency, previous } = overview
  const metrics = overview.returns > 0 || (previous?.returns ?? 0) > 0 ? [...SHOWN, 'returnedRevenue' as const] : SHOWN
  return (
    <StatRow>
      {metrics.map((metric) => (
        <StatCard
          key={metric}
          label={FIGURES[metric].label}
          value={written(metric, overview[metric], currency)}
          change={previous === undefined ? undefined : changeOf(overview[metric], previous[metric])}
          isLessBetter={metric === 'returnedRevenue'}
          hint={hintOf(metric, overview)}
        />
      ))}
    </StatRow>
  )
}

function hintOf(metric: Metric, { revenue, attributedRevenue, returns }: Overview): string | undefined {
  if (metric === 'attributedRevenue' && revenue > 0) return `${percent(attributedRevenue / revenue)} of revenue`
  if (metric === 'returnedRevenue') return `${returns} ${returns === 1 ? 'return' : 'returns'}`
  return undefined
}
