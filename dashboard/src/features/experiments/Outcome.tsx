import { useMemo } from 'react'
import { DataTable, type Column } from '@/components/DataTable'
import { change, money, number, percent } from '@/components/format'
import { Intervals, type Interval } from '@/components/Intervals'
import { Section } from '@/components/Page'
import { StatCard, StatRow } from '@/components/StatCard'
import { liftOf, measured, strategyName, valueOf, type Experiment, type Results } from '@/features/experiments/words'
import { useTenant } from '@/features/tenants/current'

type Variant = Results['variants'][number]

const NAMES = { control: 'Control', variant: 'Variant' }

/** Both variants and their difference, each with what it may be off by. */
export function Outcome({ experiment, results }: { experiment: Experiment; results: Results }) {
  const { currency } = useTenant().config
  const { comparison, cuped } = results
  const columns = useMemo(() => columnsOf(currency), [currency])
  return (
    <div className="flex flex-col gap-6">
      <StatRow>
        <StatCard label="Lift" value={change(comparison.relativeLift)} hint={`${liftOf(experiment, comparison.absoluteLift, currency)}, variant less control`} />
        <StatCard label="Chance that the variant is better" value={percent(comparison.chanceToWin)} />
        <StatCard label="p value" value={pValue(comparison.pValue)} hint="if the end was fixed before the start" />
        <StatCard label="Shoppers" value={number(results.variants.reduce((sum, one) => sum + one.users, 0))} />
      </StatRow>
      <Section title={measured(experiment)} intro="A dot for what was measured, a line for where the true value lies with 95% confidence.">
        <Intervals label={measured(experiment)} rows={results.variants.flatMap(intervalOf)} format={(value) => valueOf(experiment, value, currency)} />
      </Section>
      <Section title="Difference" intro="Right of the dashed line the variant is better. The sequential interval holds at every look, so it may end the experiment on any day.">
        <Intervals
          label="Difference"
          reference={0}
          rows={[
            ...differenceOf('Sequential interval', comparison.absoluteLift, comparison.sequentialCi),
            ...differenceOf('If the end was fixed', comparison.absoluteLift, comparison.ci),
            ...differenceOf('Less what their past explains', cuped?.absoluteLift ?? null, cuped?.ci ?? null),
          ]}
          format={(value) => liftOf(experiment, value, currency)}
        />
        {!comparison.sequentialCi && <p className="pt-2 text-muted">The sequential interval begins at 50 shoppers of each variant.</p>}
      </Section>
      <Section title="Counts">
        <DataTable label="Counts of both variants" columns={columns} rows={results.variants} rowKey={(row) => row.variant} empty={null} />
      </Section>
    </div>
  )
}

const pValue = (value: number | null | undefined): string =>
  typeof value === 'number' && value < 0.0001 ? 'under 0.0001' : number(value, { maximumFractionDigits: 4 })

function intervalOf({ variant, strategy, value, ci }: Variant): Interval[] {
  const [low, high] = ci ?? []
  if (value === null || low === undefined || high === undefined) return []
  return [{ label: `${NAMES[variant]}: ${strategyName(strategy)}`, low, value, high }]
}

function differenceOf(label: string, value: number | null | undefined, ci: readonly number[] | null | undefined): Interval[] {
  const [low, high] = ci ?? []
  if (value === null || value === undefined || low === undefined || high === undefined) return []
  return [{ label, low, value, high, tone: low > 0 ? 'good' : high < 0 ? 'bad' : 'neutral' }]
}

function columnsOf(currency: string | undefined): Column<Variant>[] {
  const count = (id: 'users' | 'impressions' | 'clicks' | 'conversions' | 'purchases', header: string, isWideOnly = true): Column<Variant> => ({
    id, header, cell: (row) => number(row[id]), align: 'end', isWideOnly,
  })
  return [
    { id: 'variant', header: 'Variant', cell: (row) => `${NAMES[row.variant]}: ${strategyName(row.strategy)}` },
    count('users', 'Shoppers', false),
    count('impressions', 'Impressions'),
    count('clicks', 'Clicks', false),
    count('conversions', 'Shoppers who bought'),
    count('purchases', 'Purchases'),
    { id: 'revenue', header: 'Revenue', cell: (row) => money(row.revenue, currency), align: 'end', isWideOnly: true },
  ]
}
