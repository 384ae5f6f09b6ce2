import { money, number } from '@/components/format'
import { StatCard, StatRow } from '@/components/StatCard'
import type { Glance } from '@/features/tenants/api'

interface Sum {
  now: number
  before: number
}

function sum(shops: readonly Glance[], of: 'revenue' | 'attributedRevenue' | 'clicks' | 'events'): Sum {
  return {
    now: shops.reduce((total, shop) => total + (shop.figures?.[of] ?? 0), 0),
    before: shops.reduce((total, shop) => total + (shop.previous?.[of] ?? 0), 0),
  }
}

const changeOf = ({ now, before }: Sum): number | null => (before === 0 ? null : now / before - 1)

/** The sums over the shops that are shown; money only where all of them have one currency. */
export function Totals({ shops, compare }: { shops: readonly Glance[]; compare: boolean }) {
  const [currency, ...others] = new Set(shops.map((shop) => shop.currency))
  const card = (label: string, total: Sum, write: (value: number) => string) => (
    <StatCard label={label} value={write(total.now)} change={compare ? changeOf(total) : undefined} />
  )
  return (
    <StatRow>
      {others.length === 0 && card('Revenue', sum(shops, 'revenue'), (value) => money(value, currency))}
      {others.length === 0 && card('Attributed revenue', sum(shops, 'attributedRevenue'), (value) => money(value, currency))}
      {card('Clicks', sum(shops, 'clicks'), number)}
      {card('Events', sum(shops, 'events'), number)}
    </StatRow>
  )
}
