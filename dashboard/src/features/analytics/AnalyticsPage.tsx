import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { download } from '@/api/client'
import { AnchorButton, Button } from '@/components/Button'
import { DateRange, usePeriod } from '@/components/DateRange'
import { EmptyState } from '@/components/EmptyState'
import { ErrorState } from '@/components/ErrorState'
import { Loading } from '@/components/Loading'
import { Page } from '@/components/Page'
import { toast } from '@/components/toast'
import { overviewQuery, type Asked } from '@/features/analytics/api'
import { CreditFilters } from '@/features/analytics/CreditFilters'
import { hasAny } from '@/features/analytics/figures'
import { FunnelSection } from '@/features/analytics/FunnelSection'
import { Headline } from '@/features/analytics/Headline'
import { OverTime } from '@/features/analytics/OverTime'
import { analyticsRoute } from '@/features/analytics/routes'
import { Today } from '@/features/analytics/Today'
import { TopProducts } from '@/features/analytics/TopProducts'
import { useTenant } from '@/features/tenants/current'

export function AnalyticsPage() {
  const { id, config } = useTenant()
  const { placement, strategy } = analyticsRoute.useSearch()
  const { from, to, compare } = usePeriod(config.timezone)
  const asked: Asked = { from, to, placementId: placement, strategy }
  return (
    <Page title="Analytics" intro="What recommendations bring, of this moment." actions={<DownloadCsv tenantId={id} asked={asked} />}>
      <div className="flex flex-wrap items-end gap-3">
        <DateRange zone={config.timezone} />
        <CreditFilters tenantId={id} from={from} to={to} />
      </div>
      <Figures tenantId={id} asked={asked} compare={compare} />
    </Page>
  )
}

function Figures({ tenantId, asked, compare }: { tenantId: string; asked: Asked; compare: boolean }) {
  const { data, error, refetch } = useQuery(overviewQuery(tenantId, asked, compare))
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  if (data === undefined) return <Loading />
  const isFiltered = asked.placementId !== undefined || asked.strategy !== undefined
  return (
    <>
      {!isFiltered && <Today tenantId={tenantId} />}
      {hasAny(data) ? (
        <>
          <Headline overview={data} />
          <OverTime tenantId={tenantId} asked={asked} currency={data.currency} />
          <FunnelSection tenantId={tenantId} asked={asked} />
          <TopProducts tenantId={tenantId} asked={asked} currency={data.currency} />
        </>
      ) : isFiltered ? (
        <EmptyState
          title="Nothing counts here in this period"
          body="No impression, click or purchase of these days belongs to this placement and strategy. Choose others, or a longer period."
        />
      ) : (
        <EmptyState
          title="No events in this period"
          body="Figures come from impressions, clicks and purchases. Put the snippet on the shop’s pages, or send events by the API: they count at once. If the shop sends some already, choose a longer period."
          action={<AnchorButton href="/docs">How to send events</AnchorButton>}
        />
      )}
    </>
  )
}

function DownloadCsv({ tenantId, asked }: { tenantId: string; asked: Asked }) {
  const [isPending, setPending] = useState(false)
  const run = async () => {
    setPending(true)
    try {
      const given = Object.entries(asked).filter(([, value]) => value !== undefined)
      await download(`/api/v1/tenants/${tenantId}/analytics/export.csv?${new URLSearchParams(given)}`)
    } catch (error) {
      toast({ title: error instanceof Error ? error.message : String(error), tone: 'bad' })
    } finally {
      setPending(false)
    }
  }
  return (
    <Button isPending={isPending} onClick={() => void run()}>
      Download CSV
    </Button>
  )
}
