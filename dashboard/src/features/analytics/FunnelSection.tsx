import { useQuery } from '@tanstack/react-query'
import { ErrorState } from '@/components/ErrorState'
import { number, percent } from '@/components/format'
import { Section } from '@/components/Page'
import { funnelQuery, type Asked } from '@/features/analytics/api'
import type { Step } from '@/features/analytics/figures'

const LABELS = { impression: 'Saw a recommendation', click: 'Clicked in one', add_to_cart: 'Added it to the cart', purchase: 'Bought it' }

/** From impressions to purchases, by shoppers; the events beside them. */
export function FunnelSection({ tenantId, asked }: { tenantId: string; asked: Asked }) {
  const { data, error, refetch } = useQuery(funnelQuery(tenantId, asked))
  return (
    <Section title="Funnel" intro="Shoppers who took each step. What they add to the cart and buy counts where a click in a recommendation led to it.">
      {error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : data === undefined ? (
        <div className="skeleton h-49" />
      ) : (
        <Picture steps={data} />
      )}
    </Section>
  )
}

function Picture({ steps }: { steps: readonly Step[] }) {
  const most = Math.max(...steps.map((step) => step.shoppers), 1)
  return (
    <ol className="flex flex-col">
      {steps.map((step, index) => (
        <li key={step.eventType} className="grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 border-t border-line py-2 md:grid-cols-[12rem_minmax(0,1fr)_20rem]">
          <span>{LABELS[step.eventType]}</span>
          <Slope width={step.shoppers / most} next={(steps[index + 1]?.shoppers ?? step.shoppers) / most} />
          <Numbers step={step} before={steps[index - 1]} />
        </li>
      ))}
    </ol>
  )
}

/** A band as wide as the step, which narrows to the next one. */
function Slope({ width, next }: { width: number; next: number }) {
  const half = (share: number) => Math.max(share * 50, 0.3)
  const points = `${50 - half(width)},0 ${50 + half(width)},0 ${50 + half(Math.min(next, width))},40 ${50 - half(Math.min(next, width))},40`
  return (
    <svg viewBox="0 0 100 40" preserveAspectRatio="none" aria-hidden="true" className="col-span-2 row-start-2 mt-1 h-8 w-full md:col-span-1 md:row-start-auto md:mt-0">
      <polygon points={points} className="fill-accent" />
    </svg>
  )
}

function Numbers({ step, before }: { step: Step; before: Step | undefined }) {
  return (
    <span className="text-right">
      {number(step.shoppers)}{' '}
      <span className="text-sm text-muted">
        {before !== undefined && before.shoppers > 0 ? `${percent(step.shoppers / before.shoppers)} of those before · ` : ''}
        {number(step.events)} {step.events === 1 ? 'event' : 'events'}
      </span>
    </span>
  )
}
