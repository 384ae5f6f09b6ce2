import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useDeferredValue, useEffect, useState } from 'react'
import { SelectField } from '@/components/ChoiceFields'
import { ErrorState } from '@/components/ErrorState'
import { SearchField } from '@/components/SearchField'
import { previewOf, type WidgetIn } from '@/features/widgets/api'
import { widgetRoute } from '@/features/widgets/routes'

const PAUSE_MS = 300
const WIDTHS = [
  { value: '', label: 'As wide as here' },
  { value: '360', label: 'Phone, 360 px' },
  { value: '768', label: 'Tablet, 768 px' },
  { value: '1200', label: 'Desktop, 1200 px' },
]

/**
 * The widget as pages would show it, drawn by the SDK in a frame that may run its script and nothing else. body: null
 * while the form has an error; the picture before then stays.
 */
export function Preview({ tenantId, body }: { tenantId: string; body: WidgetIn | null }) {
  const { user = '', product = '' } = widgetRoute.useSearch()
  const [width, setWidth] = useState('')
  const asked = useSettled(useDeferredValue(body))
  const { data, error, isFetching, refetch } = useQuery({
    queryKey: ['tenants', tenantId, 'preview', asked, user, product],
    queryFn: ({ signal }) => previewOf(tenantId, asked as WidgetIn, { userId: user, productId: product }, signal),
    enabled: asked !== null,
    placeholderData: keepPreviousData,
  })
  return (
    <section aria-label="Preview" className="flex min-w-0 flex-col gap-3">
      <Asked user={user} product={product} width={width} onWidth={setWidth} />
      {error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : (
        <div className="overflow-x-auto rounded-md border border-line bg-surface" aria-busy={isFetching}>
          {data === undefined ? (
            <p className="p-4 text-muted">Loading the preview</p>
          ) : (
            <iframe
              title="Preview of the widget"
              sandbox="allow-scripts"
              srcDoc={data}
              style={{ width: width === '' ? '100%' : `${width}px` }}
              className="h-[36rem] bg-white"
            />
          )}
        </div>
      )}
      <p className="text-sm text-muted">Drawn by the SDK from the list that this shopper would get now. Nothing of it is counted, and links lead nowhere.</p>
    </section>
  )
}

interface AskedProps {
  user: string
  product: string
  width: string
  onWidth: (width: string) => void
}

function Asked({ user, product, width, onWidth }: AskedProps) {
  const navigate = useNavigate()
  const set = (next: Record<string, string | undefined>) =>
    void navigate({ to: '.', search: ((old: object) => ({ ...old, ...next })) as never, replace: true, resetScroll: false })
  return (
    <div className="grid grid-cols-1 gap-2 sm:grid-cols-3">
      <SearchField label="For the shopper" placeholder="Any shopper" value={user} onChange={(value) => set({ user: value || undefined })} />
      <SearchField label="On the product’s page" placeholder="No product’s page" value={product} onChange={(value) => set({ product: value || undefined })} />
      <SelectField label="Width" hideLabel options={WIDTHS} value={width} onChange={onWidth} />
    </div>
  )
}

/** The value once it has not changed for a moment; null is passed over. */
function useSettled(value: WidgetIn | null): WidgetIn | null {
  const [settled, setSettled] = useState(value)
  const text = JSON.stringify(value)
  useEffect(() => {
    if (text === 'null') return
    const timer = setTimeout(() => setSettled(JSON.parse(text) as WidgetIn), PAUSE_MS)
    return () => clearTimeout(timer)
  }, [text])
  return settled
}
