/** The first that stands in a User-Agent is meant: most browsers also name those they are like. */
const BROWSERS: [RegExp, string][] = [
  [/Edg\//, 'Edge'],
  [/OPR\//, 'Opera'],
  [/Firefox\//, 'Firefox'],
  [/Chrome\//, 'Chrome'],
  [/Safari\//, 'Safari'],
]
const SYSTEMS: [RegExp, string][] = [
  [/iPhone|iPad/, 'iOS'],
  [/Android/, 'Android'],
  [/Windows/, 'Windows'],
  [/Mac OS X/, 'macOS'],
  [/Linux/, 'Linux'],
]

const named = (table: [RegExp, string][], text: string): string | undefined => table.find(([sign]) => sign.test(text))?.[1]

/** "Firefox on Linux"; the beginning of what is no browser, such as a program's name. */
export function browserOf(userAgent: string): string {
  const browser = named(BROWSERS, userAgent)
  const system = named(SYSTEMS, userAgent)
  if (browser === undefined) return userAgent.slice(0, 40) || 'Unknown'
  return system === undefined ? browser : `${browser} on ${system}`
}
