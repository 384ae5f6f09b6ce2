/**
 * One product. The name is its link, whose area is the whole card.
 */
import { make, webAddress } from './elements.ts'
import type { Item, RenderOptions, Widget } from './types.ts'

/** An item without fields is one that is under way. */
export function card(item: Item, widget: Widget, options: RenderOptions): HTMLElement {
  const name = item.name || ''
  const href = webAddress(item.url)
  const src = webAddress(item.imageUrl)
  const initial = [...name][0] || ''
  const image = make('img', 'image', {
    loading: 'lazy', width: 400, height: 400, alt: '', onerror: () => image.replaceWith(initial), src,
  })
  return make('li', 'card', {},
    make('div', 'media', { ariaHidden: 'true' }, src ? image : initial),
    make('div', 'body', {},
      make('a', 'link', href ? { href } : {}, name),
      widget.showPrice !== false && make('div', 'price', {}, priceText(item, widget, options)),
      options.showReason !== false && make('div', 'reason', {}, item.reason),
      widget.ctaText && make('div', 'cta', { ariaHidden: 'true' }, href && widget.ctaText),
    ),
  )
}

/**
 * Intl throws on a language or a currency that is none, and some pages and browsers say such languages (en_US,
 * en-US@posix), so behind the page's language stands the browser's, and behind both plain words.
 */
function priceText({ price, currency }: Item, widget: Widget, options: RenderOptions): string {
  if (price == null) return ''
  const unit = options.currency || currency || widget.currency
  for (const locale of [options.locale || document.documentElement.lang, undefined]) {
    try {
      return price.toLocaleString(locale, { style: 'currency', currency: unit })
    } catch {
      // a RangeError: the next one
    }
  }
  return `${price} ${unit || ''}`
}
