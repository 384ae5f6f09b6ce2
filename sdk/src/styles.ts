/**
 * The SDK's one style sheet, given to a document or a shadow root as an object: a policy that forbids inline styles
 * (CSP's style-src without 'unsafe-inline') allows that, and refuses a <style> element.
 */
import { make } from './elements.ts'
import css from './styles.css'

let sheet: CSSStyleSheet | undefined

/** Style the section where it stands. Browsers that share no sheets, and hosts outside the page, get an element. */
export function adopt(section: HTMLElement): void {
  const { adoptedStyleSheets } = section.getRootNode() as Document
  if (adoptedStyleSheets) {
    if (!sheet) (sheet = new CSSStyleSheet()).replaceSync(css)
    if (!adoptedStyleSheets.includes(sheet)) adoptedStyleSheets.push(sheet)
  } else section.append(make('style', 'style', { textContent: css }))
}
