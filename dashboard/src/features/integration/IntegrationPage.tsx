import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { Badge } from '@/components/Badge'
import { Button } from '@/components/Button'
import { SelectField } from '@/components/ChoiceFields'
import { ErrorState } from '@/components/ErrorState'
import { Loading } from '@/components/Loading'
import { Page, Section } from '@/components/Page'
import { ago, number } from '@/components/format'
import { integrationQuery, type Finding, type Integration } from '@/features/integration/api'
import { Findings } from '@/features/integration/Findings'
import { Receipts } from '@/features/integration/Receipts'
import { integrationRoute } from '@/features/integration/routes'
import { STATUS } from '@/features/integration/checks'
import { useTenant } from '@/features/tenants/current'

const DAYS = [
  { value: '1', label: 'Last day' },
  { value: '7', label: 'Last 7 days' },
  { value: '30', label: 'Last 30 days' },
]
const OF_SDK = ['sdk_versions', 'sdk_errors']

export function IntegrationPage() {
  const { id } = useTenant()
  const days = integrationRoute.useSearch().days ?? 7
  const { data, error, refetch, isFetching } = useQuery(integrationQuery(id, days))
  return (
    <Page
      title="Integration"
      intro="What goes wrong in what the shop sends and asks, and what to do about it. Such faults are silent: lists are poor, figures wrong, and nothing says why."
      actions={
        <>
          <Days days={days} />
          <Button onClick={() => void refetch()} isPending={isFetching}>
            Check again
          </Button>
        </>
      }
    >
      {error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : data === undefined ? (
        <Loading rows={10} />
      ) : (
        <Examined integration={data} />
      )}
    </Page>
  )
}

function Days({ days }: { days: number }) {
  const navigate = useNavigate()
  return (
    <SelectField
      label="Period"
      hideLabel
      value={String(days)}
      options={DAYS}
      onChange={(value) => void navigate({ to: '.', search: ((old: object) => ({ ...old, days: Number(value) })) as never, replace: true })}
      className="w-36"
    />
  )
}

function Examined({ integration }: { integration: Integration }) {
  const { findings, receipts } = integration
  const amiss = findings.filter((each) => each.status === 'problem' || each.status === 'warning')
  const ofSdk = findings.filter((each) => OF_SDK.includes(each.check) && !amiss.includes(each))
  const fine = findings.filter((each) => !amiss.includes(each) && !ofSdk.includes(each))
  return (
    <>
      <p className="flex flex-wrap items-center gap-2" role="status">
        <Badge tone={STATUS[integration.status]?.tone ?? 'neutral'}>{STATUS[integration.status]?.label ?? integration.status}</Badge>
        {said(findings)} Checked {ago(integration.checkedAt)}.
      </p>
      {amiss.length > 0 && (
        <Section title="To be done">
          <Findings findings={amiss} />
        </Section>
      )}
      {ofSdk.length > 0 && (
        <Section title="SDK" intro="Which versions of the browser SDK send, and what it could not do.">
          <Findings findings={ofSdk} isDetailed />
        </Section>
      )}
      {fine.length > 0 && (
        <Section title="Nothing to be done">
          <details>
            <summary className="pb-3 text-muted">{number(fine.length)} checks that are fine, or that nothing came for</summary>
            <Findings findings={fine} />
          </details>
        </Section>
      )}
      <Section
        title="Receipts"
        intro="The last events that came in the form of others, such as Segment’s, and what became of each. They are kept for 7 days."
      >
        <Receipts receipts={receipts} />
      </Section>
    </>
  )
}

function said(findings: Finding[]): string {
  const count = (status: string) => findings.filter((each) => each.status === status).length
  const parts = [
    [count('problem'), 'problem', 'problems'],
    [count('warning'), 'warning', 'warnings'],
  ] as const
  const told = parts.filter(([of]) => of > 0).map(([of, one, many]) => `${number(of)} ${of === 1 ? one : many}`)
  return told.length === 0 ? `Nothing is amiss in ${number(findings.length)} checks.` : `${told.join(' and ')} in ${number(findings.length)} checks.`
}
