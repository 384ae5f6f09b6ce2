/**
 * The SDK's one style sheet, given to a document or a shadow root as an object: a policy that forbids inline styles
 * (CSP's style-src without 'unsafe-inline') allows that, and refuses a <style> element.
 */
import css from './styles.css'

let sheet: CSSStyleSheet | undefined

/** Style the section where it stands; one of no document yet, as of the page. */
export function adopt(section: HTMLElement): void {
  const { adoptedStyleSheets = document.adoptedStyleSheets } = section.getRootNode() as Document
  if (!sheet) (sheet = new CSSStyleSheet()).replaceSync(css)
  if (!adoptedStyleSheets.includes(sheet)) adoptedStyleSheets.push(sheet)
}
