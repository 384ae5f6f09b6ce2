/** What each check is about, as a heading; docs/integration-doctor.md has the rest. */
const CHECKS: Record<string, string> = {
  events: 'Events', event_types: 'Kinds of events', catalog: 'Catalog', model: 'Model',
  unknown_products: 'Products that the catalog lacks', prices: 'Prices of events', order_ids: 'Order numbers',
  currencies: 'Currencies', purchase_prices: 'Prices of purchases', click_attribution: 'Where clicks come from',
  impressions: 'Lists that are seen', placement_clicks: 'Clicks of placements', placement_ids: 'Names of placements',
  clocks: 'Clocks', origins: 'Origins of pages', rejected_events: 'Rejected events', duplicates: 'Repeated events',
  sdk_versions: 'Versions of the SDK', sdk_errors: 'Errors of the SDK', identities: 'Signing in',
  shared_ids: 'Shared ids', robots: 'Robots', segment: 'Segment events', keys: 'Keys',
}

export const checkLabel = (check: string): string => CHECKS[check] ?? check

export const STATUS: Record<string, { label: string; tone: 'bad' | 'warn' | 'good' | 'neutral' }> = {
  problem: { label: 'problem', tone: 'bad' },
  warning: { label: 'warning', tone: 'warn' },
  ok: { label: 'fine', tone: 'good' },
  unknown: { label: 'unknown', tone: 'neutral' },
}
