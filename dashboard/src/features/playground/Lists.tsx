import type { ReactNode } from 'react'
import { Badge } from '@/components/Badge'
import { money, number } from '@/components/format'
import { ProductImage, ProductLink } from '@/features/catalog/ProductLink'
import { marksOf, strategyLabel, type Explained, type Mark } from '@/features/playground/strategies'
import { useTenant } from '@/features/tenants/current'

interface Props {
  lists: readonly Explained[]
  /** The list that the others are compared with. */
  against?: Explained
  /** Below a list, such as a button that copies its request. */
  footOf?: (list: Explained) => ReactNode
}

const COLUMNS = 'grid-cols-[repeat(auto-fill,minmax(min(100%,15.5rem),1fr))]'
/** Narrower, so that the fourth does not stand alone. */
const FOUR = 'grid-cols-[repeat(auto-fill,minmax(min(100%,13.5rem),1fr))]'

/** The same list by several strategies, side by side. */
export function Lists({ lists, against, footOf }: Props) {
  return (
    <div className={`grid gap-x-6 gap-y-8 ${lists.length === 4 ? FOUR : COLUMNS}`}>
      {lists.map((list) => (
        <StrategyList
          key={list.strategy}
          list={list}
          marks={against === undefined || against === list ? undefined : marksOf(list, against)}
          isBase={against === list}
          foot={footOf?.(list)}
        />
      ))}
    </div>
  )
}

interface ListProps {
  list: Explained
  marks?: Map<string, Mark>
  isBase: boolean
  foot?: ReactNode
}

function StrategyList({ list, marks, isBase, foot }: ListProps) {
  const title = strategyLabel(list.strategy)
  return (
    <section aria-label={title} className="min-w-0">
      <div className="flex flex-wrap items-baseline gap-x-2 border-b border-line pb-2">
        <h3 className="font-semibold">{title}</h3>
        {isBase && <Badge tone="info">compared with</Badge>}
        {list.meta.fallback && <Badge tone="warn">too little evidence</Badge>}
      </div>
      {list.data.length === 0 ? (
        <p className="py-3 text-muted">No product fits.</p>
      ) : (
        <ol>
          {list.data.map((line, place) => (
            <Line key={line.productId} line={line} place={place + 1} mark={marks?.get(line.productId)} />
          ))}
        </ol>
      )}
      {foot !== undefined && <div className="pt-3">{foot}</div>}
    </section>
  )
}

function Line({ line, place, mark }: { line: Explained['data'][number]; place: number; mark?: Mark }) {
  const { id } = useTenant()
  return (
    <li className="flex items-start gap-2.5 border-b border-line py-2.5">
      <span className="w-4 shrink-0 pt-0.5 text-right text-sm text-muted">{place}</span>
      <ProductImage url={line.imageUrl} className="size-10" />
      <div className="min-w-0 flex-1">
        <ProductLink tenantId={id} productId={line.productId} name={line.name} />
        <p className="text-sm break-words text-muted">{line.reason}</p>
        <p className="flex flex-wrap items-baseline gap-x-2 text-xs text-muted">
          {line.price !== null && <span>{money(line.price, line.currency)}</span>}
          <span>score {number(line.score, { maximumFractionDigits: 3 })}</span>
          <Figures {...line.evidence} />
          {mark !== undefined && <MarkBadge mark={mark} />}
        </p>
      </div>
    </li>
  )
}

/** What was counted behind the reason, where anything was. */
function Figures({ kind, count, lift }: Explained['data'][number]['evidence']) {
  if (count === undefined) return null
  const counted = `${number(count)} ${nounOf(kind, lift !== undefined)}${count === 1 ? '' : 's'}`
  return (
    <>
      <span>{counted}</span>
      {lift !== undefined && <span>{`${number(lift, { maximumSignificantDigits: 2 })} × chance`}</span>}
    </>
  )
}

function nounOf(kind: string, isPair: boolean): string {
  if (isPair) return kind === 'bought_together' ? 'order' : 'visit'
  return kind === 'buy_again' || kind === 'recently_viewed' ? 'time' : 'shopper'
}

function MarkBadge({ mark }: { mark: Mark }) {
  if (mark.is === 'same') return <Badge>same place</Badge>
  if (mark.is === 'only here') return <Badge tone="info">only here</Badge>
  const places = `${Math.abs(mark.by)} ${Math.abs(mark.by) === 1 ? 'place' : 'places'}`
  return mark.by > 0 ? <Badge tone="good">{`${places} up`}</Badge> : <Badge tone="warn">{`${places} down`}</Badge>
}
