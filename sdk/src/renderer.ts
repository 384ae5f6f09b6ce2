/**
 * A placement on the page: kept free while its list is under way, shown, hidden.
 */
import type { Item, RenderOptions, Widget } from './types.ts'

/** Keep the place of a list that is under way. */
export function skeleton(host: HTMLElement, _widget: Widget, _options: RenderOptions): void {
  host.setAttribute('aria-busy', 'true')
}

/** Show the list; the cards, in the order of `items`. An empty list hides the host. */
export function show(host: HTMLElement, widget: Widget, items: Item[], options: RenderOptions): HTMLElement[] {
  host.removeAttribute('aria-busy')
  if (!items.length) {
    hide(host)
    return []
  }
  const list = document.createElement('ul')
  const cards: HTMLElement[] = []
  for (const item of items) {
    const card = document.createElement('li')
    card.append(options.template ? options.template(item, widget) : link(item))
    cards.push(card)
  }
  list.append(...cards)
  host.replaceChildren(list)
  host.hidden = false
  return cards
}

/** Take the placement out of sight and empty it. */
export function hide(host: HTMLElement): void {
  host.replaceChildren()
  host.hidden = true
}

function link(item: Item): HTMLElement {
  const anchor = document.createElement('a')
  if (item.url && /^(https?:)?\/\/|^\//i.test(item.url)) anchor.href = item.url
  anchor.textContent = item.name
  return anchor
}
