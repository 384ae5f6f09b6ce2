/** Values as people read them. What is not there is a dash. */
const NOTHING = '–'
type Maybe<Value> = Value | null | undefined

const LOCALE = navigator.language
const MINUTE_MS = 60_000
const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 365 * 24 * 60],
  ['month', 30 * 24 * 60],
  ['day', 24 * 60],
  ['hour', 60],
  ['minute', 1],
]

export function number(value: Maybe<number>, options: Intl.NumberFormatOptions = {}): string {
  return isNone(value) ? NOTHING : new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 2, ...options }).format(value)
}

/** 12,300 as 12.3K, for small places. */
export const short = (value: Maybe<number>): string => number(value, { notation: 'compact', maximumFractionDigits: 1 })

/** currency: as ISO 4217 has it; without one the amount stands alone. */
export function money(value: Maybe<number>, currency?: string | null): string {
  return number(value, currency ? { style: 'currency', currency } : { minimumFractionDigits: 2 })
}

/** value: a share, 0.123 for 12.3 %. digits: exactly so many behind the point; without it one where it says something. */
export const percent = (value: Maybe<number>, digits?: number): string =>
  number(value, { style: 'percent', minimumFractionDigits: digits, maximumFractionDigits: digits ?? 1 })

/** A change against before: 0.12 as +12 %. */
export const change = (value: Maybe<number>): string =>
  number(value, { style: 'percent', maximumFractionDigits: 1, signDisplay: 'exceptZero' })

/** Which way `change` says that it went: a change too small to be written is none. */
export const direction = (value: number): number => (Math.abs(value) < 0.0005 ? 0 : Math.sign(value))

export function dateTime(value: Maybe<string | Date>): string {
  return formatted(value, { dateStyle: 'medium', timeStyle: 'short' })
}

export const date = (value: Maybe<string | Date>): string => formatted(value, { dateStyle: 'medium' })

/** A day of UTC, such as 2026-01-31, as it is called. */
export const dayOf = (value: string): string =>
  formatted(`${value.slice(0, 10)}T00:00:00Z`, { dateStyle: 'medium', timeZone: 'UTC' })

/** "5 minutes ago". Put `dateTime` into a title beside it. */
export function ago(value: Maybe<string | Date>, now: number = Date.now()): string {
  if (isNone(value)) return NOTHING
  const minutes = (new Date(value).getTime() - now) / MINUTE_MS
  const [unit, size] = UNITS.find(([, length]) => Math.abs(minutes) >= length) ?? ['minute', 1]
  const count = Math.trunc(minutes / size)
  return count === 0 ? 'just now' : new Intl.RelativeTimeFormat(LOCALE, { numeric: 'auto' }).format(count, unit)
}

function formatted(value: Maybe<string | Date>, options: Intl.DateTimeFormatOptions): string {
  return isNone(value) ? NOTHING : new Intl.DateTimeFormat(LOCALE, options).format(new Date(value))
}

function isNone<Value>(value: Maybe<Value>): value is null | undefined {
  return value === null || value === undefined || Number.isNaN(value)
}
