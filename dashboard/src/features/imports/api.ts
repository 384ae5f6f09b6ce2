import { authorized } from '@/api/client'
import { problemOf } from '@/api/problem'
import type { components } from '@/api/schema'
import type { ReadableFile } from '@/features/imports/files'
import { upload } from '@/features/imports/upload'

export type Kind = 'catalog' | 'events'
type Schemas = components['schemas']
export type Preview = Omit<Schemas['Preview_ItemIn_'], 'rows'> & { rows: Record<string, unknown>[] }
export type Result = Partial<Schemas['ItemImportResult'] & Schemas['EventImportResult']>

/** What is said of a file beside its bytes. `map`: what a column is said to be, by the column. */
export interface Reading {
  format: string
  separator: string
  encoding: string
  categorySeparator: string
  map: Record<string, string>
}

export const AS_FOUND: Reading = { format: '', separator: '', encoding: '', categorySeparator: '', map: {} }

const PREVIEWED_BYTES = 4 * 1024 * 1024

export async function previewFile(tenantId: string, kind: Kind, readable: ReadableFile, reading: Reading): Promise<Preview> {
  const query = queryOf(kind, reading)
  if (readable.file.size > PREVIEWED_BYTES) query.set('whole', 'false')
  const answer = await authorized(
    new Request(addressOf(tenantId, kind, 'import/preview', query), {
      method: 'POST',
      body: readable.file.slice(0, PREVIEWED_BYTES),
      headers: headersOf(readable),
    }),
  )
  if (!answer.ok) throw await problemOf(answer)
  return ((await answer.json()) as { data: Preview }).data
}

interface Import {
  kind: Kind
  readable: ReadableFile
  reading: Reading
  /** The file is the whole catalog; `force`: even where it lacks more than a third of it. */
  replace: 'no' | 'yes' | 'force'
  onProgress: (share: number) => void
  signal: AbortSignal
}

export async function importFile(tenantId: string, { kind, readable, reading, replace, onProgress, signal }: Import): Promise<Result> {
  const query = queryOf(kind, reading)
  if (replace !== 'no') query.set('mode', 'replace')
  if (replace === 'force') query.set('force', 'true')
  const address = addressOf(tenantId, kind, 'import', query)
  const answer = await upload(address, readable.file, headersOf(readable), onProgress, signal)
  if (!answer.ok) throw await problemOf(answer)
  return ((await answer.json()) as { data: Result }).data
}

function queryOf(kind: Kind, { map, categorySeparator, ...reading }: Reading): URLSearchParams {
  const said = Object.entries({ ...reading, ...(kind === 'catalog' ? { categorySeparator } : {}) }).filter(([, value]) => value !== '')
  const query = new URLSearchParams(said)
  for (const [column, field] of Object.entries(map)) query.append('map', `${column}=${field}`)
  return query
}

const addressOf = (tenantId: string, kind: Kind, what: string, query: URLSearchParams): string =>
  `${location.origin}/api/v1/tenants/${tenantId}/${kind}/${what}?${query}`

function headersOf({ media, encoding }: ReadableFile): Record<string, string> {
  return { 'Content-Type': media, ...(encoding === null ? {} : { 'Content-Encoding': encoding }) }
}
