/**
 * What goes in and out of the SDK: the names that a page's own code meets, and the answers of the API.
 */

export type Layout = 'grid' | 'carousel' | 'list'
export type Variant = 'control' | 'variant'
export type PageContext = 'home' | 'product' | 'cart'
export type Strategy =
  | 'auto'
  | 'collaborative'
  | 'content_based'
  | 'trending'
  | 'frequently_bought_together'
  | 'recently_viewed'
  | 'buy_again'
  | 'new_arrivals'
  | 'popular'
export type EventType =
  | 'impression'
  | 'click'
  | 'view'
  | 'add_to_cart'
  | 'remove_from_cart'
  | 'wishlist'
  | 'purchase'
  | 'return'
  | 'dislike'
  | 'search'

export interface Theme {
  primaryColor?: string
  textColor?: string
  backgroundColor?: string
  borderColor?: string
  /** In px, 0 to 48. */
  borderRadius?: number
  fontFamily?: string
  /** Between cards, in px, 0 to 64. */
  gap?: number
  colorScheme?: 'light' | 'dark' | 'auto'
}

/** How a placement looks, as saved for it. */
export interface Widget {
  placementId: string
  layout: Layout
  columns: number
  theme: Theme
  maxItems: number
  showPrice: boolean
  ctaText: string
  title: string | null
  strategy: Strategy | null
  currency: string
}

/** A line of a list: a product, and why it is there. */
export interface Item {
  productId: string
  name: string
  imageUrl: string | null
  url: string | null
  category: string | null
  price: number | null
  currency: string | null
  score: number
  reason: string
  evidence: { kind: string; productIds: string[]; count?: number; lift?: number }
  /** Whose pick it is, in a list of an interleaving experiment. */
  variant?: Variant
}

/** What a list is as a whole; events of its products carry it. */
export interface Meta {
  recommendationId: string
  strategy: string
  requestedStrategy: string
  experimentId: string | null
  variant: Variant | null
  cached: boolean
  modelVersion: string | null
  fallback: boolean
}

/** A placement's widget, its list, and what the list is. */
export interface Placement {
  placementId: string
  widget: Widget
  data: Item[]
  meta: Meta
}

/** What the renderer may be told beside the widget. */
export interface RenderOptions {
  /** In a shadow root, which the page's styles do not reach. */
  shadow?: boolean
  /** Makes a card of the page's own. */
  template?: (item: Item, widget: Widget) => Node
  /** A BCP 47 tag; without it, the page's language, else the browser's. */
  locale?: string
  /** In place of each item's own. */
  currency?: string
  /** Whether a card says why its product is there; true without it. */
  showReason?: boolean
}

/** What pages call. */
export interface Engine {
  readonly version: string
}
