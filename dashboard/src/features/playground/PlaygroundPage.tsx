import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { CopyButton } from '@/components/Copy'
import { SelectField } from '@/components/ChoiceFields'
import { ErrorState } from '@/components/ErrorState'
import { Loading } from '@/components/Loading'
import { Page, Section } from '@/components/Page'
import { playgroundQuery } from '@/features/playground/api'
import { curlOf, requestOf } from '@/features/playground/asked'
import { AskForm } from '@/features/playground/AskForm'
import { Lists } from '@/features/playground/Lists'
import { playgroundRoute } from '@/features/playground/routes'
import { strategyLabel, type Explained } from '@/features/playground/strategies'
import { useTenant } from '@/features/tenants/current'

export function PlaygroundPage() {
  const asked = playgroundRoute.useSearch()
  return (
    <Page title="Playground" intro="What a shopper would get now, by each strategy. Nothing here counts as shown to anybody.">
      <AskForm key={JSON.stringify({ ...asked, against: undefined })} asked={asked} />
      <Answer />
    </Page>
  )
}

function Answer() {
  const { id } = useTenant()
  const asked = playgroundRoute.useSearch()
  const { data, error, refetch } = useQuery(playgroundQuery(id, requestOf(asked)))
  if (error) return <ErrorState error={error} retry={() => void refetch()} />
  if (data === undefined) return <Loading />
  const against = data.find((list) => list.strategy === asked.against)
  return (
    <Section title="Lists" intro={startOf(data)} actions={data.length > 1 && <CompareField lists={data} />}>
      <Lists
        lists={data}
        against={against}
        footOf={(list) => <CopyButton label="Copy as curl" text={curlOf(asked, list.strategy, location.origin)} />}
      />
    </Section>
  )
}

function CompareField({ lists }: { lists: readonly Explained[] }) {
  const { against } = playgroundRoute.useSearch()
  const navigate = useNavigate({ from: playgroundRoute.fullPath })
  return (
    <SelectField
      label="Compare with"
      hideLabel
      className="w-56"
      value={against ?? ''}
      onChange={(value) => void navigate({ search: (old) => ({ ...old, against: value || undefined }), replace: true, resetScroll: false })}
      options={[
        { value: '', label: 'Compare with …' },
        ...lists.map(({ strategy }) => ({ value: strategy, label: strategyLabel(strategy) })),
      ]}
    />
  )
}

const STARTS: Record<string, (list: Explained) => string> = {
  session: ({ meta }) => `Made of the visit under way: ${events(meta.session)} of ${meta.history} in the shopper’s history.`,
  product: () => 'Made of the page’s products, as for anybody on that page; what the shopper bought stays out.',
  cart: () => 'Made of the products in the cart.',
  home: ({ meta }) =>
    meta.history === 0 ? 'Nothing is known of this shopper: lists are of what is popular.' : `Made of the shopper’s history: ${events(meta.history)}.`,
}

const events = (count: number): string => `${count} ${count === 1 ? 'event' : 'events'}`

/** What the lists were made of, in a sentence. */
function startOf([first]: readonly Explained[]): string | undefined {
  if (first === undefined) return undefined
  const others = first.meta.userIds.length - 1
  const ids = others > 0 ? ` Under ${others + 1} ids that were joined.` : ''
  return `${(STARTS[first.meta.context] ?? STARTS['home'])?.(first) ?? ''}${ids}`
}
