import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { download, Problem } from '@/api/client'
import { Button, LinkButton } from '@/components/Button'
import { SelectField } from '@/components/ChoiceFields'
import { EmptyState } from '@/components/EmptyState'
import { ErrorState } from '@/components/ErrorState'
import { Icon } from '@/components/Icon'
import { Intervals } from '@/components/Intervals'
import { Loading } from '@/components/Loading'
import { Page, Section } from '@/components/Page'
import { ago, number, percent } from '@/components/format'
import { toast } from '@/components/toast'
import { replayQuery, type Replay, type ReplaySummary } from '@/features/models/api'
import { ReplayCases } from '@/features/models/ReplayCases'
import { replayRoute } from '@/features/models/routes'
import { contextLabel } from '@/features/models/words'
import { useTenant } from '@/features/tenants/current'

const INTRO =
  'What shoppers would have got, and whether it was right: moments that the last learning held back, each with the list of ten that was made without knowing what came next.'

export function ReplayPage() {
  const { id } = useTenant()
  const { data, error, refetch } = useQuery(replayQuery(id))
  const crumbs = [{ label: 'Models', to: '/dashboard/tenants/$tenantId/models', params: { tenantId: id } }]
  const isEmpty = (error instanceof Problem && error.status === 404) || data?.cases.length === 0
  return (
    <Page title="Replay" intro={INTRO} breadcrumbs={crumbs} actions={!isEmpty && <Download tenantId={id} />}>
      {isEmpty ? (
        <NoReplay tenantId={id} />
      ) : error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : data === undefined ? (
        <Loading rows={8} />
      ) : (
        <>
          <Summary replay={data} />
          <Cases replay={data} />
        </>
      )}
    </Page>
  )
}

function Download({ tenantId }: { tenantId: string }) {
  const [isPending, setPending] = useState(false)
  const save = () => {
    setPending(true)
    download(`/api/v1/tenants/${tenantId}/model/replay.csv`)
      .catch((error: unknown) => toast({ title: error instanceof Error ? error.message : String(error), tone: 'bad' }))
      .finally(() => setPending(false))
  }
  return (
    <Button onClick={save} isPending={isPending}>
      <Icon name="download" />
      Download CSV
    </Button>
  )
}

function NoReplay({ tenantId }: { tenantId: string }) {
  return (
    <EmptyState
      title="No replay yet"
      body="It comes with a model that has learned from orders or visits: some days of them will do."
      action={
        <LinkButton to="/dashboard/tenants/$tenantId/models" params={{ tenantId }}>
          To the models
        </LinkButton>
      }
    />
  )
}

function Summary({ replay }: { replay: Replay }) {
  const [all, ...parts] = replay.summaries
  if (all === undefined) return null
  return (
    <div className="flex flex-col gap-4">
      <p className="max-w-prose text-lg">
        In <strong>{percent(all.share.value, 0)}</strong> of {number(all.cases)} moments the shopper took something of the list
        ({percent(all.share.low, 0)} to {percent(all.share.high, 0)}, with 95% confidence). The ten bestsellers would have
        been right in {percent(all.bestsellers.value, 0)}. Learned {ago(replay.learnedAt)}.
      </p>
      <Intervals label="How often lists were right" rows={parts.flatMap(rowsOf)} format={(value) => percent(value, 0)} />
    </div>
  )
}

const rowsOf = (summary: ReplaySummary) => [
  { ...summary.share, label: contextLabel(summary.context ?? ''), tone: 'good' as const },
  { ...summary.bestsellers, label: `Bestsellers (${contextLabel(summary.context ?? '').toLowerCase()})` },
]

function Cases({ replay }: { replay: Replay }) {
  const { context, show } = replayRoute.useSearch()
  const navigate = useNavigate()
  const set = (next: Record<string, string | undefined>) =>
    void navigate({ to: '.', search: ((old: object) => ({ ...old, ...next })) as never, replace: true, resetScroll: false })
  const contexts = [...new Set(replay.cases.map((each) => each.context))]
  const shown = replay.cases.filter(
    (each) => (context === undefined || each.context === context) && (show === undefined || each.right === (show === 'right')),
  )
  return (
    <Section
      title="Moments"
      intro={`${number(shown.length)} of ${number(replay.cases.length)}. What was taken has a frame.`}
      actions={
        <>
          <SelectField
            label="Where"
            hideLabel
            placeholder="Everywhere"
            value={context ?? ''}
            options={contexts.map((value) => ({ value, label: contextLabel(value) }))}
            onChange={(value) => set({ context: value || undefined })}
            className="w-52"
          />
          <SelectField
            label="Right or missed"
            hideLabel
            placeholder="Right and missed"
            value={show ?? ''}
            options={[{ value: 'right', label: 'Right' }, { value: 'missed', label: 'Missed' }]}
            onChange={(value) => set({ show: value || undefined })}
            className="w-44"
          />
        </>
      }
    >
      <ReplayCases key={`${context}-${show}`} replay={replay} cases={shown} />
    </Section>
  )
}
