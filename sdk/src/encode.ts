/**
 * JSON as the SDK sends and keeps it. Its own, since pages overwrite JSON.stringify, or give arrays a toJSON that
 * breaks it. Members that are null, undefined or no number are left out.
 */
export function encode(value: unknown): string {
  if (typeof value === 'string') return `"${value.replace(/["\\\x00-\x1f]/g, escaped)}"`
  if (Array.isArray(value)) return `[${Array.from(value, encode)}]`
  if (!value || typeof value !== 'object') return `${value}`
  const members = value as Record<string, unknown>
  const names = Object.keys(members).filter((name) => members[name] != null && members[name] === members[name])
  return `{${Array.from(names, (name) => `${encode(name)}:${encode(members[name])}`)}}`
}

function escaped(character: string): string {
  return `\\u${(character.charCodeAt(0) + 0x10000).toString(16).slice(1)}`
}
