/**
 * Whether the shopper has the page before them.
 */

/** When the tab last came into view, or went out of it. */
export let turnedAt = 0

export function watchView(turned: () => void): void {
  document.addEventListener('visibilitychange', () => {
    turnedAt = Date.now()
    turned()
  })
}
