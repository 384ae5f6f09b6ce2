import { Badge } from '@/components/Badge'
import { money, number, percent } from '@/components/format'
import { Section } from '@/components/Page'
import type { Results } from '@/features/experiments/words'
import { useTenant } from '@/features/tenants/current'

const GUARDED = { revenue_per_user: 'Revenue per shopper', error_free_share: 'Shoppers without a fallback list' }

export const isHealthy = ({ srm, guardrails, warnings }: Results): boolean =>
  srm.ok && guardrails.every((guard) => guard.ok) && warnings.length === 0

/** Whether the figures can be trusted, and whether something else got worse. */
export function Health({ results }: { results: Results }) {
  const { srm, guardrails, warnings, mismatched, bothArms, cuped } = results
  return (
    <div className="flex flex-col gap-6">
      <Section title="Split of shoppers" intro="Whether as many saw each variant as were to. If not, something loses the events of one, and no figure can be used.">
        <Verdict isGood={srm.ok} good="As it should be" bad="Not as it should be" note={srm.pValue === null ? undefined : `p value ${number(srm.pValue, { maximumFractionDigits: 4 })}; below 0.001 is no chance`} />
      </Section>
      {guardrails.length > 0 && (
        <Section title="Guardrails" intro="What must not get worse, whatever the metric says.">
          <ul className="flex flex-col gap-2">
            {guardrails.map((guard) => (
              <Guard key={guard.metric} guard={guard} />
            ))}
          </ul>
        </Section>
      )}
      <Section title="Events">
        <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-1">
          <dt className="text-right">{number(mismatched)}</dt>
          <dd className="text-muted">name another variant than their shopper has, and were not used</dd>
          <dt className="text-right">{number(bothArms)}</dt>
          <dd className="text-muted">shoppers saw both variants, under ids that were joined later</dd>
          {cuped !== null && (
            <>
              <dt className="text-right">{percent(cuped.varianceReduction)}</dt>
              <dd className="text-muted">of the noise is explained by what shoppers did before the start</dd>
            </>
          )}
        </dl>
        {warnings.length > 0 && (
          <ul className="flex flex-col gap-1 pt-3">
            {warnings.map((warning) => (
              <li key={warning} className="max-w-prose text-warn">
                {warning}
              </li>
            ))}
          </ul>
        )}
      </Section>
    </div>
  )
}

function Guard({ guard }: { guard: Results['guardrails'][number] }) {
  const { currency } = useTenant().config
  const written = (value: number) => (guard.metric === 'revenue_per_user' ? money(value, currency) : percent(value))
  return (
    <li className="flex flex-wrap items-baseline gap-x-3">
      <span>{GUARDED[guard.metric]}</span>
      <Verdict isGood={guard.ok} good="Not worse" bad="Worse" note={`control ${written(guard.control)}, variant ${written(guard.variant)}`} />
    </li>
  )
}

function Verdict({ isGood, good, bad, note }: { isGood: boolean; good: string; bad: string; note?: string }) {
  return (
    <span className="flex flex-wrap items-baseline gap-2">
      <Badge tone={isGood ? 'good' : 'bad'}>{isGood ? good : bad}</Badge>
      {note !== undefined && <span className="text-sm text-muted">{note}</span>}
    </span>
  )
}
