/**
 * What stands behind the `?` of a page's address. These few readers do for addresses what zod does for forms: routes are
 * a part of everybody's first load, which zod would make a tenth larger. What does not fit is left out, never an error.
 */
type Reader<Value> = (given: unknown) => Value | undefined
type Search<Readers> = { [Name in keyof Readers]?: Readers[Name] extends Reader<infer Value> ? Value : never }

export const text: Reader<string> = (given) =>
  typeof given === 'string' && given !== '' ? given : typeof given === 'number' ? String(given) : undefined

export const number: Reader<number> = (given) => {
  const read = typeof given === 'string' && given.trim() !== '' ? Number(given) : given
  return typeof read === 'number' && Number.isFinite(read) ? read : undefined
}

export const flag: Reader<boolean> = (given) =>
  given === true || given === 'true' ? true : given === false ? false : undefined

export const oneOf =
  <const Value extends string>(...values: readonly Value[]): Reader<Value> =>
  (given) =>
    values.find((value) => value === given)

export const manyOf =
  <Value>(reader: Reader<Value>): Reader<Value[]> =>
  (given) =>
    Array.isArray(given) ? given.map(reader).filter((value) => value !== undefined) : undefined

/** A day such as 2026-01-31. */
export const day: Reader<string> = (given) =>
  typeof given === 'string' && /^\d{4}-\d\d-\d\d$/.test(given) ? given : undefined

/** For `validateSearch` of a route: `searchOf({ q: text, sort: oneOf('name', '-name') })`. */
export const searchOf =
  <Readers extends Record<string, Reader<unknown>>>(readers: Readers) =>
  (given: Record<string, unknown>): Search<Readers> =>
    Object.fromEntries(
      Object.entries(readers)
        .map(([name, reader]) => [name, reader(given[name])])
        .filter(([, value]) => value !== undefined),
    ) as Search<Readers>
