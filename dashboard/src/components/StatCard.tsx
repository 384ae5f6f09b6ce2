import type { ReactNode } from 'react'
import { Icon } from '@/components/Icon'
import { change as written, direction } from '@/components/format'

interface Props {
  label: string
  /** As it is shown, formatted. */
  value: ReactNode
  /** Against before: 0.12 for 12 % more; null where there is nothing to compare with. */
  change?: number | null
  /** More is bad, such as returns. */
  isLessBetter?: boolean
  hint?: ReactNode
  sparkline?: readonly number[]
}

/** One figure. Put several into a `<StatRow>`. */
export function StatCard({ label, value, change, isLessBetter = false, hint, sparkline }: Props) {
  return (
    <div className="flex min-w-0 flex-col gap-0.5 border-t border-line pt-2">
      <dt className="text-sm text-muted">{label}</dt>
      <dd className="flex items-end justify-between gap-2">
        <span className="text-xl font-semibold break-words">{value}</span>
        {sparkline !== undefined && sparkline.length > 1 && <Sparkline values={sparkline} />}
      </dd>
      {(change !== undefined || hint !== undefined) && (
        <dd className="flex flex-wrap items-baseline gap-x-2 text-sm text-muted">
          {change !== undefined && <Change change={change} isLessBetter={isLessBetter} />}
          {hint}
        </dd>
      )}
    </div>
  )
}

/** Figures side by side, as many as fit. */
export function StatRow({ children }: { children: ReactNode }) {
  return <dl className="grid grid-cols-[repeat(auto-fit,minmax(9.5rem,1fr))] gap-x-6 gap-y-4">{children}</dl>
}

function Change({ change, isLessBetter }: { change: number | null; isLessBetter: boolean }) {
  if (change === null) return <span>nothing to compare with</span>
  const way = direction(change)
  const tone = way === 0 ? '' : way > 0 === !isLessBetter ? 'text-good' : 'text-bad'
  return (
    <span className={`inline-flex items-center gap-0.5 ${tone}`}>
      {way !== 0 && <Icon name={way > 0 ? 'up' : 'down'} className="size-3" />}
      {written(change)}
    </span>
  )
}

const WIDTH = 72
const HEIGHT = 20

function Sparkline({ values }: { values: readonly number[] }) {
  const most = Math.max(...values)
  const least = Math.min(...values, 0)
  const x = (index: number) => (index / (values.length - 1)) * WIDTH
  const y = (value: number) => HEIGHT - ((value - least) / (most - least || 1)) * HEIGHT
  const points = values.map((value, index) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`).join(' ')
  return (
    <svg viewBox={`0 -1 ${WIDTH} ${HEIGHT + 2}`} aria-hidden="true" className="h-6 w-18 shrink-0 text-accent">
      <polyline points={points} fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinejoin="round" />
    </svg>
  )
}
