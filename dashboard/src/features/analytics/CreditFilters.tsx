import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { SelectField } from '@/components/ChoiceFields'
import { seriesQuery } from '@/features/analytics/api'
import { analyticsRoute } from '@/features/analytics/routes'

type Group = 'placementId' | 'strategy'

interface Props {
  tenantId: string
  from: string
  to: string
}

/** Narrows the page to one placement and one strategy, of those that had impressions in the period. */
export function CreditFilters({ tenantId, from, to }: Props) {
  const { placement, strategy } = analyticsRoute.useSearch()
  const navigate = useNavigate()
  const set = (next: Record<string, string | undefined>) =>
    void navigate({ to: '.', search: ((before: object) => ({ ...before, ...next })) as never, replace: true, resetScroll: false })
  const placements = useNames(tenantId, from, to, 'placementId', placement)
  const strategies = useNames(tenantId, from, to, 'strategy', strategy)
  return (
    <>
      <SelectField
        label="Placement"
        hideLabel
        value={placement ?? ''}
        placeholder="All placements"
        options={placements}
        onChange={(value) => set({ placement: value || undefined })}
        className="w-44"
      />
      <SelectField
        label="Strategy"
        hideLabel
        value={strategy ?? ''}
        placeholder="All strategies"
        options={strategies}
        onChange={(value) => set({ strategy: value || undefined })}
        className="w-44"
      />
    </>
  )
}

function useNames(tenantId: string, from: string, to: string, groupBy: Group, chosen: string | undefined) {
  const { data = [] } = useQuery(seriesQuery(tenantId, { from, to, metric: 'impressions', interval: 'day', groupBy }))
  const names = new Set(data.map((point) => point[groupBy] ?? '').filter((name) => name !== ''))
  if (chosen !== undefined) names.add(chosen)
  return [...names].map((name) => ({ value: name, label: name }))
}
