import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { ErrorState } from '@/components/ErrorState'
import { number, percent } from '@/components/format'
import { Loading } from '@/components/Loading'
import { Section } from '@/components/Page'
import { NumberField } from '@/components/TextField'
import { powerQuery } from '@/features/experiments/api'
import { experimentRoute } from '@/features/experiments/routes'
import { measured, valueOf, type Experiment } from '@/features/experiments/words'
import { useTenant } from '@/features/tenants/current'

const USUAL_LIFT = 0.1
const LEAST_PERCENT = 0.5
const MOST_PERCENT = 200

/** Before it starts: how long it takes to find a lift, at the traffic of the last weeks. */
export function PowerCheck({ tenantId, experiment }: { tenantId: string; experiment: Experiment }) {
  const { lift = USUAL_LIFT } = experimentRoute.useSearch()
  const navigate = useNavigate()
  const set = (value: number | null) => {
    if (value === null || !(value >= LEAST_PERCENT && value <= MOST_PERCENT)) return
    void navigate({ to: '.', search: ((before: object) => ({ ...before, lift: value / 100 })) as never, replace: true, resetScroll: false })
  }
  return (
    <Section title="How long it takes" intro="A small lift needs many shoppers. Say which one would be worth having.">
      <div className="flex flex-col gap-4">
        <NumberField
          label={`Lift of the ${measured(experiment).toLowerCase()}`}
          unit="%"
          min={LEAST_PERCENT}
          max={MOST_PERCENT}
          value={Math.round(lift * 1000) / 10}
          onChange={set}
          className="w-56"
        />
        <Answer tenantId={tenantId} experiment={experiment} lift={lift} />
      </div>
    </Section>
  )
}

function Answer({ tenantId, experiment, lift }: { tenantId: string; experiment: Experiment; lift: number }) {
  const { config } = useTenant()
  const { data, error, refetch } = useQuery(powerQuery(tenantId, experiment.id, lift))
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  if (data === undefined) return <Loading rows={2} />
  return (
    <div className="flex flex-col gap-2" aria-live="polite">
      <p className="text-lg">
        {data.users === null || data.days === null ? (
          'Not known yet.'
        ) : (
          <>
            About <strong>{days(data.days)}</strong>: {number(data.users)} shoppers are needed, and {number(Math.round(data.usersPerDay))} come a day.
          </>
        )}
      </p>
      {data.users !== null && (
        <p className="text-muted">
          A lift of {percent(lift)} is then found in {percent(data.power, 0)} of such experiments. Now it is {valueOf(experiment, data.baseline, config.currency)}. Whoever looks daily and stops early needs
          somewhat more.
        </p>
      )}
      {data.warnings.map((warning) => (
        <p key={warning} className="text-warn">
          {warning}
        </p>
      ))}
    </div>
  )
}

const days = (count: number): string => (count === 1 ? 'a day' : `${number(count)} days`)
