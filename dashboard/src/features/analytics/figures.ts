import type { components } from '@/api/schema'
import { money, number, percent } from '@/components/format'

/** Each is always there: the schema only says that a figure of nothing is 0. */
export type Figures = Required<Omit<components['schemas']['Previous'], 'from' | 'to'>>
export type Overview = Required<Omit<components['schemas']['Overview'], 'previous'>> & { previous?: Figures }
export type Step = Required<components['schemas']['Step']>
export type Metric = keyof Figures

const LARGE = 1_000

interface Figure {
  label: string
  /** What it is, in a sentence. */
  about: string
  kind: 'count' | 'money' | 'share'
}

export const FIGURES: Record<Metric, Figure> = {
  revenue: { label: 'Revenue', about: 'Price × quantity of purchases, less returns', kind: 'money' },
  attributedRevenue: { label: 'Attributed revenue', about: 'Revenue of products that were clicked in a recommendation before', kind: 'money' },
  impressions: { label: 'Impressions', about: 'Recommended products that were shown', kind: 'count' },
  clicks: { label: 'Clicks', about: 'Clicks on products', kind: 'count' },
  ctr: { label: 'Click-through rate', about: 'Clicks ÷ impressions', kind: 'share' },
  conversions: { label: 'Purchases', about: 'Lines of orders', kind: 'count' },
  attributedConversions: { label: 'Attributed purchases', about: 'Purchases that a click in a recommendation led to', kind: 'count' },
  conversionRate: { label: 'Conversion rate', about: 'Attributed purchases ÷ clicks', kind: 'share' },
  orders: { label: 'Orders', about: 'Distinct order numbers', kind: 'count' },
  averageOrderValue: { label: 'Average order value', about: 'Revenue ÷ orders', kind: 'money' },
  returns: { label: 'Returns', about: 'Products that were sent back', kind: 'count' },
  returnedRevenue: { label: 'Returned revenue', about: 'What returns take off the revenue', kind: 'money' },
  unmatchedReturns: { label: 'Returns without a purchase', about: 'Returns of which no purchase is known', kind: 'count' },
  otherCurrency: { label: 'Other currencies', about: 'Purchases in another currency than the shop’s; in no sum', kind: 'count' },
}

export const PRODUCT_METRICS = [
  'revenue', 'attributedRevenue', 'clicks', 'impressions', 'conversions', 'attributedConversions',
] as const satisfies readonly Metric[]
export type ProductMetric = (typeof PRODUCT_METRICS)[number]

export const isMetric = (text: string | undefined): text is Metric => text !== undefined && text in FIGURES
export const isProductMetric = (text: string | undefined): text is ProductMetric =>
  PRODUCT_METRICS.some((metric) => metric === text)

export function written(metric: Metric, value: number | null | undefined, currency: string): string {
  const { kind } = FIGURES[metric]
  return kind === 'money' ? money(value, currency) : kind === 'share' ? percent(value, 2) : number(value)
}

/** The same for an axis and its table: large amounts without cents. */
export function onAxis(metric: Metric, value: number | null, currency: string): string {
  const isLarge = FIGURES[metric].kind === 'money' && value !== null && Math.abs(value) >= LARGE
  return isLarge ? number(value, { style: 'currency', currency, maximumFractionDigits: 0 }) : written(metric, value, currency)
}

/** 0.12 for 12 % more than before; null where there was nothing. */
export const changeOf = (now: number, before: number | undefined): number | null =>
  before ? (now - before) / Math.abs(before) : null

export const hasAny = (figures: Figures): boolean =>
  figures.impressions + figures.clicks + figures.conversions + figures.returns > 0
