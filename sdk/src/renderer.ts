/**
 * A placement on the page: kept free while its list is under way, shown, hidden.
 *
 * The skeleton is made of the same boxes as the cards, and each keeps the same room, so nothing moves between the two.
 */
import { card } from './card.ts'
import { arrows } from './carousel.ts'
import { make } from './elements.ts'
import { adopt } from './styles.ts'
import type { Item, RenderOptions, Theme, Widget } from './types.ts'

/** Keep the place of a list that is under way; of what nothing is known of yet, one as usual. */
export function skeleton(host: HTMLElement, widget: Widget, options: RenderOptions): void {
  show(host, widget, Array(widget.maxItems || 8).fill({}), options)
}

/** Show the list; the cards, in the order of `items`. An empty list hides the host. */
export function show(host: HTMLElement, widget: Widget, items: Item[], options: RenderOptions): HTMLElement[] {
  if (!items[0]) return hide(host)
  const { layout = 'grid', title } = widget
  const { template } = options
  const busy = !items[0].productId
  const cards: HTMLElement[] = []
  for (const item of items) {
    cards.push(template && !busy ? make('li', 'card', {}, template(item, widget)) : card(item, widget, options))
  }
  const carousel = layout === 'carousel'
  const list = make('ul', 'cards', {}, ...cards)
  const properties = {
    ariaLabel: title || 'Recommendations', ariaBusy: busy, ariaRoleDescription: carousel ? layout : null,
  }
  const buttons = carousel ? arrows(list) : []
  const section = make('section', layout + ' re', properties,
    (title || carousel) && make('div', 'head', {}, title && make('h2', 'title', {}, title), ...buttons),
    list,
  )
  dress(section, widget, layout === 'grid' && cards[1] ? cards.length : 0)
  const root = options.shadow ? host.shadowRoot || host.attachShadow({ mode: 'open' }) : host
  host.textContent = ' ' // `:empty`, by which style sheets reserve a place, knows no shadow roots
  root.replaceChildren(section)
  adopt(section)
  host.hidden = false
  return cards
}

/** Take the placement out of sight and empty it: no cards. */
export function hide(host: HTMLElement): HTMLElement[] {
  ;(host.shadowRoot || host).replaceChildren()
  host.hidden = true
  return []
}

/** Give the section its theme, and each width its columns; gridded: the cards that fill rows. */
function dress({ style }: HTMLElement, widget: Widget, gridded: number): void {
  const { layout, columns = 4, theme = {} } = widget
  const set = (name: string | number, value: unknown) => style.setProperty('--' + name, value as string)
  // As many columns as fit at each of the widths that styles.css tells apart.
  for (const fit of [1, 2, 3, 4, 6]) {
    // Where the last card would be alone in its row, there is a column less, or a card less.
    let count = Math.min(layout === 'list' ? (fit > 3 ? 2 : 1) : fit, columns)
    while (count > 3 && gridded % count === 1) count--
    set(fit, count)
    set('l' + fit, gridded % count === 1 ? 'none' : 'flex')
  }
  for (const name in theme) set('re-' + name, theme[name as keyof Theme])
  const { colorScheme, backgroundColor } = theme
  style.colorScheme = colorScheme === 'auto' ? 'light dark' : colorScheme || (backgroundColor ? 'light' : '')
}
