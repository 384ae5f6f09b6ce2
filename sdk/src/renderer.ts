/**
 * A placement on the page: kept free while its list is under way, shown, hidden.
 *
 * The skeleton is made of the same boxes as the cards, and each keeps the same room, so nothing moves between the two.
 */
import { card } from './card.ts'
import { arrows } from './carousel.ts'
import { make } from './elements.ts'
import { style } from './styles.ts'
import type { Item, RenderOptions, Theme, Widget } from './types.ts'

/** Keep the place of a list that is under way. */
export function skeleton(host: HTMLElement, widget: Widget, options: RenderOptions): void {
  show(host, widget, Array(widget.maxItems).fill({}), options)
}

/** Show the list; the cards, in the order of `items`. An empty list hides the host. */
export function show(host: HTMLElement, widget: Widget, items: Item[], options: RenderOptions): HTMLElement[] {
  const { layout, title, theme } = widget
  const { template } = options
  const cards: HTMLElement[] = []
  const busy = !items[0]?.productId
  for (const item of items) {
    cards.push(template && !busy ? make('li', 'card', {}, template(item, widget)) : card(item, widget, options))
  }
  if (!cards[0]) {
    hide(host)
    return cards
  }
  const list = make('ul', 'cards', { role: 'list' }, ...cards)
  const head = make('div', 'head', {}, make('h2', 'title', {}, title || ''))
  const section = make('section', layout + ' re', { ariaLabel: title || 'Recommendations', ariaBusy: `${busy}` })
  const set = (name: string | number, value: unknown) => section.style.setProperty('--' + name, value as string)
  if (layout === 'carousel') {
    section.ariaRoleDescription = layout
    head.append(...arrows(list))
  }
  if (head.textContent) section.append(head)
  section.append(list)
  for (let fit = 1; fit < 7; fit++) {
    // Where the last card would be alone in its row, a column less, or the row for it.
    let columns = Math.min(layout === 'list' ? (fit > 3 ? 2 : 1) : fit, widget.columns)
    const lonely = () => layout !== 'carousel' && cards.length % columns === 1
    while (columns > 3 && lonely()) columns--
    set(fit, columns)
    set('l' + fit, lonely() ? '1/-1' : 'auto')
  }
  for (const name in theme) set('re-' + name, theme[name as keyof Theme])
  section.style.colorScheme = theme.colorScheme === 'auto' ? 'light dark' : theme.colorScheme || (theme.backgroundColor ? 'light' : '')
  const root = options.shadow ? host.shadowRoot || host.attachShadow({ mode: 'open' }) : host
  root.replaceChildren(section)
  style(section)
  host.hidden = false
  return cards
}

/** Take the placement out of sight and empty it. */
export function hide(host: HTMLElement): void {
  ;(host.shadowRoot || host).replaceChildren()
  host.hidden = true
}
