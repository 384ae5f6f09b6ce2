/**
 * A row of cards that scrolls sideways, after the ARIA Authoring Practices' carousel: native buttons before the cards,
 * nothing that turns by itself. Touch, wheel and arrow keys scroll natively, and screen readers find all cards.
 */
import { make } from './elements.ts'

/** The buttons that page through the list. Beyond its ends they stay focusable: who pages by keyboard stays there. */
export function arrows(list: HTMLElement): HTMLElement[] {
  const arrow = (sign: string, ariaLabel: string, pages: number) =>
    make('button', 'arrow', {
      type: 'button', ariaLabel, textContent: sign,
      onclick: () => list.scrollBy((list.matches(':dir(rtl)') ? -pages : pages) * list.clientWidth, 0),
    })
  const previous = arrow('‹', 'Previous', -1)
  const next = arrow('›', 'Next', 1)
  const update = () => {
    const left = Math.abs(list.scrollLeft)
    previous.ariaDisabled = `${left < 2}`
    next.ariaDisabled = `${left + list.clientWidth > list.scrollWidth - 2}`
    if (!list.isConnected) observer.disconnect()
  }
  const observer = new ResizeObserver(update)
  observer.observe(list)
  list.onscroll = update
  list.tabIndex = 0
  return [previous, next]
}
