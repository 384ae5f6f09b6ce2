import * as z from 'zod/mini'
import type { Theme, Widget, WidgetIn } from '@/features/widgets/api'

export const LAYOUTS = [
  { value: 'grid', label: 'Grid' },
  { value: 'carousel', label: 'Carousel' },
  { value: 'list', label: 'List' },
]

export const STRATEGIES = [
  { value: '', label: 'The shop’s default' },
  { value: 'auto', label: 'Auto' },
  { value: 'collaborative', label: 'Other shoppers' },
  { value: 'content_based', label: 'Alike products' },
  { value: 'trending', label: 'Trending' },
  { value: 'frequently_bought_together', label: 'Bought together' },
  { value: 'recently_viewed', label: 'Recently viewed' },
  { value: 'buy_again', label: 'Buy again' },
  { value: 'new_arrivals', label: 'New arrivals' },
  { value: 'popular', label: 'Popular' },
]

export const SCHEMES = [
  { value: '', label: 'As the page' },
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
  { value: 'auto', label: 'As the shopper’s device' },
]

export const strategyName = (strategy: string | null): string =>
  STRATEGIES.find((each) => each.value === (strategy ?? ''))?.label ?? (strategy as string)

const color = z.string().check(z.regex(/^(#([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6}|[0-9A-Fa-f]{8}))?$/, 'A colour such as #0a7 or #00aa77, or nothing.'))
const whole = (least: number, most: number) =>
  z.number(`A number from ${least} to ${most}.`).check(z.gte(least, `At least ${least}.`), z.lte(most, `At most ${most}.`), z.int('A whole number.'))

/** A widget as its form has it: what is left to the SDK or the shop is empty. */
export const WIDGET = z.object({
  placementId: z.string().check(z.trim(), z.minLength(1, 'Name the placement.'), z.maxLength(128, 'At most 128 characters.')),
  title: z.string().check(z.maxLength(200, 'At most 200 characters.')),
  layout: z.enum(['grid', 'carousel', 'list']),
  columns: whole(1, 6),
  maxItems: whole(1, 100),
  showPrice: z.boolean(),
  ctaText: z.string().check(z.maxLength(60, 'At most 60 characters.')),
  strategy: z.enum([
    '', 'auto', 'collaborative', 'content_based', 'trending', 'frequently_bought_together',
    'recently_viewed', 'buy_again', 'new_arrivals', 'popular',
  ]),
  theme: z.object({
    primaryColor: color,
    textColor: color,
    backgroundColor: color,
    borderColor: color,
    borderRadius: z.nullable(whole(0, 48)),
    gap: z.nullable(whole(0, 64)),
    fontFamily: z.string().check(z.maxLength(200, 'At most 200 characters.')),
    colorScheme: z.enum(['', 'light', 'dark', 'auto']),
  }),
})

export type Values = z.infer<typeof WIDGET>

const PLAIN: WidgetIn & { placementId: string } = { placementId: '' }

export function valuesOf(widget: Widget | null): Values {
  const { theme = {}, ...rest } = widget ?? PLAIN
  return {
    placementId: rest.placementId,
    title: rest.title ?? '',
    layout: rest.layout ?? 'grid',
    columns: rest.columns ?? 4,
    maxItems: rest.maxItems ?? 8,
    showPrice: rest.showPrice ?? true,
    ctaText: rest.ctaText ?? '',
    strategy: rest.strategy ?? '',
    theme: {
      primaryColor: theme.primaryColor ?? '',
      textColor: theme.textColor ?? '',
      backgroundColor: theme.backgroundColor ?? '',
      borderColor: theme.borderColor ?? '',
      borderRadius: theme.borderRadius ?? null,
      gap: theme.gap ?? null,
      fontFamily: theme.fontFamily ?? '',
      colorScheme: theme.colorScheme ?? '',
    },
  }
}

export function bodyOf({ theme, title, strategy, ...rest }: Values): WidgetIn {
  const said = Object.entries(theme).filter(([, value]) => value !== '' && value !== null)
  return { ...rest, title: title.trim() || null, strategy: strategy || null, theme: Object.fromEntries(said) as Theme }
}
