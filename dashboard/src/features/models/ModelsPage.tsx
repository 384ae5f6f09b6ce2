import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { Button, LinkButton } from '@/components/Button'
import { EmptyState } from '@/components/EmptyState'
import { ErrorState } from '@/components/ErrorState'
import { Loading } from '@/components/Loading'
import { Page, Section } from '@/components/Page'
import { StatCard, StatRow } from '@/components/StatCard'
import { toast } from '@/components/toast'
import { ago, dateTime, number } from '@/components/format'
import { statusQuery, useRefresh, versionsQuery, type ModelVersion } from '@/features/models/api'
import { Backtest } from '@/features/models/Backtest'
import { Builds } from '@/features/models/Builds'
import { partLabel } from '@/features/models/words'
import { useCan, useTenant } from '@/features/tenants/current'

const INTRO =
  'What the engine has learned from this shop’s events. A build takes in all events; its weights are learned anew once a day, or when a twentieth of the events is new.'

export function ModelsPage() {
  const { id } = useTenant()
  const versions = useQuery(versionsQuery(id))
  const served = versions.data?.find((version) => version.served)
  return (
    <Page title="Models" intro={INTRO} actions={<Actions tenantId={id} hasModel={served !== undefined} />}>
      <Progress tenantId={id} />
      {versions.error ? (
        <ErrorState error={versions.error} retry={() => void versions.refetch()} />
      ) : versions.data === undefined ? (
        <Loading rows={8} />
      ) : (
        <>
          {served === undefined ? <NoModel /> : <Served version={served} />}
          {versions.data.length > 0 && (
            <Section title="Builds" intro="The newest three are kept, so that a failed one never takes lists away.">
              <Builds versions={versions.data} />
            </Section>
          )}
        </>
      )}
    </Page>
  )
}

function NoModel() {
  return (
    <EmptyState
      title="No model yet"
      body="Until one is built, lists are of what is popular. A build begins within a quarter of an hour after events and products are there; or have it built now."
    />
  )
}

function Actions({ tenantId, hasModel }: { tenantId: string; hasModel: boolean }) {
  const { data: status } = useQuery(statusQuery(tenantId))
  const refresh = useRefresh(tenantId)
  const isBuilding = refresh.isPending || status?.status === 'building'
  return (
    <>
      {hasModel && (
        <LinkButton to="/dashboard/tenants/$tenantId/models/replay" params={{ tenantId }}>
          Replay
        </LinkButton>
      )}
      {useCan('developer') && (
        <Button variant="primary" isPending={isBuilding} onClick={() => refresh.mutate()}>
          {isBuilding ? 'Building' : 'Build now'}
        </Button>
      )}
    </>
  )
}

/** Says how far a running build is, and fetches what it made when it ends. */
function Progress({ tenantId }: { tenantId: string }) {
  const client = useQueryClient()
  const { data: status } = useQuery(statusQuery(tenantId))
  const wasBuilding = useRef(false)
  const state = status?.status
  useEffect(() => {
    if (wasBuilding.current && state !== 'building') {
      void client.invalidateQueries({ queryKey: versionsQuery(tenantId).queryKey })
      void client.invalidateQueries({ queryKey: ['tenants', tenantId, 'replay'] })
      toast(state === 'failed' ? { title: 'The build failed', tone: 'bad' } : { title: 'A new model is served', tone: 'good' })
    }
    wasBuilding.current = state === 'building'
  }, [state, tenantId, client])
  return (
    <p role="status" aria-label="Build" className={state === 'building' ? 'border-l-2 border-accent pl-3' : 'sr-only'}>
      {state === 'building' &&
        (status?.progress === undefined
          ? 'A build waits for a worker.'
          : `Building: ${partLabel(status.progress.part).toLowerCase()}, for ${Math.round(status.progress.seconds)} s.`)}
    </p>
  )
}

function Served({ version }: { version: ModelVersion }) {
  return (
    <>
      <StatRow>
        <StatCard label="Served since" value={ago(version.builtAt)} hint={dateTime(version.builtAt)} />
        <StatCard label="Built in" value={`${number(version.buildSeconds, { maximumFractionDigits: 1 })} s`} hint={slowest(version)} />
        <StatCard label="Events" value={number(version.events)} hint={counts(version)} />
        <StatCard label="Weights learned" value={ago(version.learnedAt)} hint={repeats(version)} />
      </StatRow>
      <Section
        title="What it has learned"
        intro="The newest events were held back, and the engine was asked what they would be. Bars show what counts in its lists, intervals how well each way of making lists did."
      >
        <Backtest version={version} />
      </Section>
    </>
  )
}

function counts({ users, items, robots }: ModelVersion): string {
  const shop = `of ${number(users)} shoppers and ${number(items)} products`
  return robots > 0 ? `${shop}, without ${number(robots)} robots` : shop
}

function slowest(version: ModelVersion): string | undefined {
  const [part, seconds] = Object.entries(version.seconds).sort((a, b) => b[1] - a[1])[0] ?? []
  return part === undefined || !seconds ? undefined : `most of it: ${partLabel(part).toLowerCase()}`
}

function repeats(version: ModelVersion): string | undefined {
  if (version.repeatsStay === null) return undefined
  return version.repeatsStay ? 'people buy again: what they buy again stays in lists' : 'most is bought once, and leaves the lists'
}
