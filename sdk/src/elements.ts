/**
 * Elements made without HTML: text goes in as text, and only addresses of the web become links and images.
 */

/** ARIA's states are texts, which browsers make of booleans. */
type Properties<Made> = { [Name in keyof Made]?: Made[Name] | boolean }

/** An element of the class `re-NAME`; children that are not wanted are falsy. */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  name: string,
  properties: Properties<HTMLElementTagNameMap[Tag]>,
  ...children: (Node | string | false | null | undefined)[]
): HTMLElementTagNameMap[Tag] {
  const element = Object.assign(document.createElement(tag), { className: 're-' + name }, properties)
  for (const child of children) if (child) element.append(child)
  return element
}

/** The address in full where it is one of http(s), relative ones as of the page; not javascript: or data:. */
export function webAddress(text: string | null | undefined): string {
  const link = document.createElement('a')
  link.href = text || 'x:'
  return /^http/.test(link.href) ? link.href : ''
}
