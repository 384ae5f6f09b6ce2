import { useQuery } from '@tanstack/react-query'
import { money, number } from '@/components/format'
import { todayQuery } from '@/features/analytics/api'

/** Today as it happens, in a line; what cannot be read is left out, for the rest of the page says it. */
export function Today({ tenantId }: { tenantId: string }) {
  const { data } = useQuery(todayQuery(tenantId))
  if (data === undefined) return <div className="skeleton h-9.75 w-full" />
  const { usual, currency } = data
  const figures = [
    ['Impressions', number(data.impressions), number(usual?.impressions)],
    ['Clicks', number(data.clicks), number(usual?.clicks)],
    ['Purchases', number(data.conversions), number(usual?.conversions)],
    ['Revenue', money(data.revenue, currency), money(usual?.revenue, currency)],
  ] as const
  return (
    <section aria-label="Today so far" className="flex flex-wrap gap-x-6 gap-y-1 border-y border-line py-2">
      <h2 className="font-medium">Today so far</h2>
      <dl className="flex flex-wrap gap-x-6 gap-y-1">
        {figures.map(([label, value, ofUsual]) => (
          <div key={label} className="flex gap-1.5">
            <dt className="text-muted">{label}</dt>
            <dd>
              {value} {usual !== null && <span className="text-muted">of {ofUsual} on a usual day</span>}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  )
}
