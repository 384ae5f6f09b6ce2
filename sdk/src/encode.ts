/**
 * JSON as the SDK sends and keeps it. Its own, since pages overwrite JSON.stringify, or give arrays a toJSON that breaks
 * it. What is undefined, a function or no number is left out.
 */
export function encode(value: unknown): string {
  if (typeof value === 'string') return `"${value.replace(/["\\\x00-\x1f]/g, escaped)}"`
  if (!value || typeof value !== 'object') return `${value}`
  const isList = Array.isArray(value)
  let members = ''
  for (const name of Object.keys(value)) {
    const member = (value as Record<string, unknown>)[name]
    if (member === undefined || typeof member === 'function' || member !== member) continue
    members += `${members && ','}${isList ? '' : `${encode(name)}:`}${encode(member)}`
  }
  return isList ? `[${members}]` : `{${members}}`
}

function escaped(character: string): string {
  return `\\u00${(character.charCodeAt(0) + 256).toString(16).slice(1)}`
}
