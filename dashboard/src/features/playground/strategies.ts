import type { components } from '@/api/schema'

export type Explained = components['schemas']['Explained']
export type Strategy = Explained['strategy']

export const STRATEGIES = [
  'auto', 'collaborative', 'content_based', 'trending', 'frequently_bought_together',
  'recently_viewed', 'buy_again', 'new_arrivals', 'popular',
] as const satisfies readonly Strategy[]

const LABELS: Record<Strategy, string> = {
  auto: 'Automatic',
  collaborative: 'Collaborative',
  content_based: 'Content-based',
  trending: 'Trending',
  frequently_bought_together: 'Bought together',
  recently_viewed: 'Recently viewed',
  buy_again: 'Buy again',
  new_arrivals: 'New arrivals',
  popular: 'Popular',
}

export const strategyLabel = (strategy: string): string => LABELS[strategy as Strategy] ?? strategy

/** Where a product stands in another list: in a place of its own only here, or so many places away. */
export type Mark = { is: 'only here' } | { is: 'same' } | { is: 'moved'; by: number }

/** Of each product of `list`, against `other`; by: places up (more than 0) or down. */
export function marksOf(list: Explained, other: Explained): Map<string, Mark> {
  const places = new Map(other.data.map((line, place) => [line.productId, place]))
  return new Map(list.data.map((line, place) => [line.productId, markOf(place, places.get(line.productId))]))
}

function markOf(place: number, there: number | undefined): Mark {
  if (there === undefined) return { is: 'only here' }
  return there === place ? { is: 'same' } : { is: 'moved', by: there - place }
}
