import { useState, type ReactNode } from 'react'
import { Badge } from '@/components/Badge'
import { Button } from '@/components/Button'
import { number } from '@/components/format'
import type { Replay, ReplayCase } from '@/features/models/api'
import { contextLabel } from '@/features/models/words'

const AT_ONCE = 12
const PRODUCTS = 5
const DEEDS: Record<string, string> = {
  view: 'viewed', click: 'clicked', add_to_cart: 'put in the cart', remove_from_cart: 'took out of the cart',
  wishlist: 'wished for', purchase: 'bought', return: 'sent back', dislike: 'disliked', impression: 'saw',
}

export function ReplayCases({ replay, cases }: { replay: Replay; cases: ReplayCase[] }) {
  const [count, setCount] = useState(AT_ONCE)
  if (cases.length === 0) return <p className="py-4 text-muted">No moment of this kind was kept.</p>
  return (
    <>
      <ol className="flex flex-col">
        {cases.slice(0, count).map((one, index) => (
          <li key={index} className="border-t border-line py-4 first:border-t-0 first:pt-0">
            <Moment one={one} replay={replay} />
          </li>
        ))}
      </ol>
      {count < cases.length && (
        <Button onClick={() => setCount(count + AT_ONCE)}>Show more ({number(cases.length - count)})</Button>
      )}
    </>
  )
}

function Moment({ one, replay }: { one: ReplayCase; replay: Replay }) {
  const taken = new Set(one.taken)
  return (
    <article aria-label={`${contextLabel(one.context)}, ${one.userId}`} className="flex min-w-0 flex-col gap-3">
      <header className="flex flex-wrap items-center gap-2">
        <h3 className="min-w-0 font-medium break-all">{one.userId}</h3>
        <Badge>{contextLabel(one.context)}</Badge>
        <Badge tone={one.right ? 'good' : 'bad'}>{one.right ? 'right' : 'missed'}</Badge>
        {one.bestsellersRight && <span className="text-sm text-muted">bestsellers were right, too</span>}
      </header>
      <div className="grid gap-4 lg:grid-cols-[minmax(0,1fr)_minmax(0,2fr)_minmax(0,1fr)]">
        <Part label={one.onPage.length > 0 ? 'On the page' : 'Had done, the newest first'}>
          {one.onPage.map((id) => (
            <Thing key={id} id={id} replay={replay} />
          ))}
          {one.onPage.length === 0 && lately(one).map(([id, deeds]) => <Deed key={id} id={id} replay={replay} deeds={deeds} />)}
        </Part>
        <Part label="Would have got">
          {one.offered.map((id) => (
            <Thing key={id} id={id} replay={replay} isTaken={taken.has(id)} />
          ))}
        </Part>
        <Part label={one.context === 'session' ? 'Went on to' : one.onPage.length > 0 ? 'Bought with it' : 'Bought'}>
          {one.taken.map((id) => (
            <Thing key={id} id={id} replay={replay} isTaken={one.offered.includes(id)} />
          ))}
        </Part>
      </div>
    </article>
  )
}

function Part({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="min-w-0">
      <h4 className="pb-1.5 text-sm text-muted">{label}</h4>
      <ul className="flex flex-wrap gap-1.5">{children}</ul>
    </div>
  )
}

/** What was done with each of the products that the shopper met last, the newest first. */
function lately(one: ReplayCase): [string, string[]][] {
  const deeds = new Map<string, string[]>()
  for (const { productId, eventType } of one.done) {
    const words = DEEDS[eventType] ?? eventType
    const before = deeds.get(productId) ?? []
    if (!before.includes(words)) deeds.set(productId, [...before, words])
  }
  return [...deeds].slice(0, PRODUCTS)
}

function Deed({ id, replay, deeds }: { id: string; replay: Replay; deeds: string[] }) {
  return (
    <li className="flex w-full min-w-0 items-center gap-2 text-sm" title={id}>
      <Picture id={id} replay={replay} className="size-8" />
      <span className="min-w-0">
        <span className="line-clamp-1 break-all">{replay.products[id]?.name ?? id}</span>
        <span className="text-xs text-muted">{deeds.join(', ')}</span>
      </span>
    </li>
  )
}

function Picture({ id, replay, className }: { id: string; replay: Replay; className: string }) {
  const product = replay.products[id]
  return (
    <span className={`grid shrink-0 place-items-center overflow-hidden rounded-sm bg-sunken text-muted ${className}`}>
      {product?.imageUrl ? (
        <img src={product.imageUrl} alt="" loading="lazy" className="size-full object-contain" />
      ) : (
        <span aria-hidden="true">{(product?.name ?? id).charAt(0)}</span>
      )}
    </span>
  )
}

interface ThingProps {
  id: string
  replay: Replay
  isTaken?: boolean
}

/** A product: its picture where it has one, and its name. */
function Thing({ id, replay, isTaken = false }: ThingProps) {
  const name = replay.products[id]?.name ?? id
  return (
    <li
      title={`${name} (${id})`}
      className={`flex w-22 flex-col gap-1 rounded-md border p-1 ${isTaken ? 'border-good bg-good-soft' : 'border-line bg-surface'}`}
    >
      <Picture id={id} replay={replay} className="h-14 w-full text-lg" />
      <span className="line-clamp-2 min-h-8 text-xs break-words">{name}</span>
      {isTaken && <span className="sr-only">taken</span>}
    </li>
  )
}
