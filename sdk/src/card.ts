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
  const media = make('div', 'media', { ariaHidden: 'true' }, src ? image : initial)
  const link = make('a', 'link', href ? { href } : {}, name)
  const body = make('div', 'body', {}, make('div', 'name', {}, link))
  if (widget.showPrice) body.append(make('div', 'price', {}, priceText(item, widget, options)))
  if (options.showReason !== false) body.append(make('div', 'reason', {}, item.reason || ''))
  if (widget.ctaText) body.append(make('div', 'cta', { ariaHidden: 'true' }, href && widget.ctaText))
  return make('li', 'card', {}, media, body)
}

/**
 * Intl throws on a language or a currency that is none, and some browsers report such languages (en-US@posix), so each
 * form has another one behind it.
 */
function priceText({ price, currency }: Item, widget: Widget, options: RenderOptions): string {
  if (price == null) return ''
  const unit = options.currency || currency || widget.currency
  for (const locale of [options.locale || document.documentElement.lang, undefined]) {
    try {
      return price.toLocaleString(locale, unit ? { style: 'currency', currency: unit } : { minimumFractionDigits: 2 })
    } catch {
      // a RangeError: the next one
    }
  }
  return price + ' ' + unit
}
