import { useQuery } from '@tanstack/react-query'
import { LinkButton } from '@/components/Button'
import { usePeriod } from '@/components/DateRange'
import { ErrorState } from '@/components/ErrorState'
import { Loading } from '@/components/Loading'
import { Section } from '@/components/Page'
import { StatCard, StatRow } from '@/components/StatCard'
import { money, number, percent } from '@/components/format'
import { glanceQuery } from '@/features/setup/api'
import { PAGES } from '@/features/setup/pages'
import { useTenant } from '@/features/tenants/current'

const LINKS = [
  ['Analytics', PAGES.analytics],
  ['Models', PAGES.models],
  ['Widgets', PAGES.widgets],
  ['Integration', PAGES.integration],
] as const

const grown = (now: number | undefined, before: number | undefined): number | null =>
  now === undefined || !before ? null : now / before - 1

/** The last 30 days, each figure beside the 30 before. */
export function Glance() {
  const { id, config } = useTenant()
  const { data, error, refetch } = useQuery(glanceQuery(id, usePeriod(config.timezone)))
  const before = data?.previous
  return (
    <Section
      title="Last 30 days"
      actions={
        <>
          {LINKS.map(([label, to]) => (
            <LinkButton key={to} variant="quiet" to={to} params={{ tenantId: id } as never}>
              {label}
            </LinkButton>
          ))}
        </>
      }
    >
      {error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : data === undefined ? (
        <Loading rows={2} />
      ) : (
        <StatRow>
          <StatCard label="Revenue" value={money(data.revenue, config.currency)} change={grown(data.revenue, before?.revenue)} />
          <StatCard
            label="Through recommendations"
            value={money(data.attributedRevenue, config.currency)}
            change={grown(data.attributedRevenue, before?.attributedRevenue)}
          />
          <StatCard label="Impressions" value={number(data.impressions)} change={grown(data.impressions, before?.impressions)} />
          <StatCard label="Clicks" value={number(data.clicks)} change={grown(data.clicks, before?.clicks)} />
          <StatCard label="Click rate" value={percent(data.ctr, 2)} change={grown(data.ctr ?? undefined, before?.ctr ?? undefined)} />
        </StatRow>
      )}
    </Section>
  )
}
