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

/** Of one placement, beside how it is shown. Each may also stand in the element's attributes, as data-limit does. */
export interface ListOptions {
  /** What the page is about, or what is in the cart. */
  productIds?: string[]
  limit?: number
  strategy?: Strategy
  context?: PageContext
  /** Any of them. */
  category?: string | string[]
  exclude?: string[]
  minPrice?: number
  maxPrice?: number
}

export interface PlacementOptions extends ListOptions, RenderOptions {
  /** For an element that does not name its placement. */
  placementId?: string
  layout?: Layout
  columns?: number
  title?: string
  /** The page's own last word on what is shown. */
  transformItems?: (items: Item[]) => Item[]
}

export interface RecommendOptions extends ListOptions {
  placementId?: string
}

export interface InitOptions {
  key?: string
  /** Of a shopper who is signed in; their own for this page alone, unlike that of `identify`. */
  userId?: string | null
  sessionId?: string | null
  /** Of the API, without /api/v1; the place that the script came from where it is not given. */
  apiUrl?: string
  /** false: nothing of the shopper is stored or sent. */
  consent?: boolean
  /** Widgets in shadow roots. */
  shadow?: boolean
  locale?: string
  /** false: only `render` shows something. */
  auto?: boolean
}

/** What `track` is told; whatever else is there goes into the event's metadata. */
export interface EventFields {
  productId?: string
  sessionId?: string | null
  eventId?: string
  /** In milliseconds. */
  timestamp?: number
  price?: number
  currency?: string
  quantity?: number
  orderId?: string
  lineId?: string
  variantId?: string
  placementId?: string
  strategy?: string
  recommendationId?: string
  experimentId?: string | null
  variant?: string | null
  query?: string
  [more: string]: unknown
}

/** An event on its way. */
export interface OutgoingEvent {
  eventType: EventType
  userId: string
  productId?: string | undefined
  sessionId?: string | null | undefined
  eventId?: string | undefined
  timestamp: number
  metadata: Record<string, unknown>
}

/** What became of an event, in the order of its batch. */
export interface Receipt {
  status: 'accepted' | 'duplicate' | 'rejected'
  /** As the event had it, or as the server made it. */
  eventId?: string
  error?: { code: string; message?: string }
}

/** What `on` can be told of. */
export interface Happenings {
  /** An event was noted, and leaves with the next batch. */
  event: OutgoingEvent
  /** A batch was answered. */
  sent: Receipt[]
  /** A placement was drawn; without items it is hidden. */
  render: { placementId: string; element: HTMLElement; items: Item[]; meta: Meta | undefined }
}

/** What pages call. Nothing of it ever throws or rejects. */
export interface Engine {
  readonly version: string
  /** Once or again: what is given is set, the rest stays. */
  init(options: InitOptions): void
  /** Show a placement's list, in an element or in all elements of the placement; without a target, all anew. */
  render(target?: string | HTMLElement, options?: PlacementOptions): Promise<void>
  track(eventType: EventType, fields?: EventFields): void
  /** The shopper signed in: what they did before is theirs, here and on later pages, until `reset`. */
  identify(userId: string): void
  /** A list to show by the page's own means; an empty one where there is none. */
  recommend(options?: RecommendOptions): Promise<{ data: Item[]; meta?: Meta }>
  on<Name extends keyof Happenings>(name: Name, listener: (happening: Happenings[Name]) => void): void
  setConsent(consent: boolean): void
  /** The shopper signed out: ids, events that wait and lists are forgotten. */
  reset(): void
  /** The shopper's arm of an experiment of the page's own, as the server would assign it. */
  assign(experimentId: string, trafficSplit?: number): Variant
}
