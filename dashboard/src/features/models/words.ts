/** Where lists are made, and by what, as this page says it. */
export const CONTEXTS: Record<string, { label: string; hint: string }> = {
  home: { label: 'Known shopper', hint: 'A shopper with a past asks for a list: what will they buy next?' },
  home_new: { label: 'Known shopper, new products', hint: 'The same, of products that they have not bought yet.' },
  session: { label: 'During a visit', hint: 'In the middle of a visit: which product comes next?' },
  product: { label: 'Product page', hint: 'From one product of an order: which others are in it?' },
  cart: { label: 'Cart', hint: 'From all products of an order but one: which one is it?' },
  session_known: { label: 'During another visit', hint: 'The same as during a visit, with what the shopper did before it.' },
  product_known: {
    label: 'Product page, known shopper',
    hint: 'The same as on a product page, with what the shopper did before.',
  },
  cart_known: { label: 'Cart, known shopper', hint: 'The same as in a cart, with what the shopper did before.' },
}

export const STRATEGIES: Record<string, string> = {
  auto: 'Auto',
  collaborative: 'Other shoppers',
  content_based: 'Alike products',
  trending: 'Trending',
  frequently_bought_together: 'Bought together',
}

export const METRICS: Record<string, string> = {
  'ndcg@10': 'How near to the top of ten the right products stand: 1 would be all of them at the very top, in every list.',
  'mrr@20': 'How near to the top of twenty the right product stands: 1 would be the first place, in every list.',
}

const PARTS: Record<string, string> = {
  events: 'Reading events',
  content: 'Product texts',
  backtest: 'Learning and backtest',
  sequences: 'Visits',
  collaborative: 'Shoppers',
  'bought together': 'Orders',
  rankings: 'Rankings',
  publish: 'Publishing',
}

export const contextLabel = (context: string): string => CONTEXTS[context]?.label ?? context
export const strategyLabel = (strategy: string): string => STRATEGIES[strategy] ?? strategy
export const partLabel = (part: string): string => PARTS[part] ?? part
/** The first letter large, as at the beginning of a line. */
export const begun = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1)
