import type { PlaygroundIn } from '@/features/playground/api'
import { STRATEGIES, type Strategy } from '@/features/playground/strategies'

/** What stands in the page's address. Ids of several products are separated by commas. */
export interface Asked {
  user?: string
  products?: string
  context?: 'home' | 'product' | 'cart'
  placement?: string
  category?: string
  min?: number
  max?: number
  exclude?: string
  limit?: number
  strategies?: string
  against?: string
}

export function idsOf(text: string | undefined): string[] {
  return (text ?? '').split(',').map((id) => id.trim()).filter((id) => id !== '')
}

export function strategiesOf(text: string | undefined): Strategy[] {
  const chosen = STRATEGIES.filter((strategy) => idsOf(text).includes(strategy))
  return chosen.length === 0 ? [...STRATEGIES] : chosen
}

export function requestOf(asked: Asked): PlaygroundIn {
  return {
    strategies: strategiesOf(asked.strategies),
    userId: asked.user,
    productIds: idsOf(asked.products),
    context: asked.context,
    placementId: asked.placement,
    category: asked.category,
    minPrice: asked.min,
    maxPrice: asked.max,
    exclude: idsOf(asked.exclude),
    limit: asked.limit ?? 8,
  }
}

/** The request for one of the lists as a shop would send it; the key is to be put in by whoever runs it. */
export function curlOf(asked: Asked, strategy: Strategy, origin: string): string {
  const { userId, productIds = [], exclude = [], ...request } = requestOf(asked)
  const query = new URLSearchParams({ strategy, limit: String(request.limit) })
  if (userId) query.set('userId', userId)
  for (const id of productIds) query.append('productId', id)
  for (const id of exclude) query.append('exclude', id)
  for (const name of ['context', 'placementId', 'category', 'minPrice', 'maxPrice'] as const) {
    if (request[name] !== undefined && request[name] !== null) query.set(name, String(request[name]))
  }
  return `curl '${origin}/api/v1/recommendations?${quoted(query)}' \\\n  -H "Authorization: Bearer $RECOMENGINE_KEY"`
}

/** Within single quotes of a shell. URLSearchParams leaves no quote but this one. */
const quoted = (query: URLSearchParams): string => query.toString().replaceAll("'", '%27')
