import * as z from 'zod/mini'

export const CURRENCY = z.string().check(z.regex(/^[A-Z]{3}$/, 'Enter three capital letters, such as EUR.'))

export const TIMEZONES = ['UTC', ...Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC')].map((zone) => ({
  value: zone,
  label: zone.replaceAll('_', ' '),
}))

export const zoneOfBrowser = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC'
