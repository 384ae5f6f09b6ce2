/** What a file is to the server: its content type, and whether it is packed, by its name and its first bytes. */
export interface ReadableFile {
  file: File
  media: string
  encoding: 'gzip' | 'zstd' | null
}

const BY_END: Record<string, string> = {
  csv: 'text/csv', txt: 'text/csv', tsv: 'text/tab-separated-values', tab: 'text/tab-separated-values',
  ndjson: 'application/x-ndjson', jsonl: 'application/x-ndjson',
  xml: 'application/xml', rss: 'application/xml', atom: 'application/xml',
}
const PACKED = { gz: 'gzip', zst: 'zstd' } as const
const SHEETS = ['xlsx', 'xls', 'ods', 'numbers']
const LINE_OF_JSON = /^\s*\{[^\n]*\}\s*(\n|$)/

/** Throws an Error in words where the file is of a kind that cannot be read. */
export async function readable(file: File): Promise<ReadableFile> {
  const parts = file.name.toLowerCase().split('.')
  const encoding = PACKED[parts.at(-1) as keyof typeof PACKED] ?? null
  const end = (encoding === null ? parts.at(-1) : parts.at(-2)) ?? ''
  if (file.size === 0) throw new Error('The file is empty.')
  if (SHEETS.includes(end)) throw new Error('A workbook cannot be read. Save the sheet as CSV first.')
  if (end in BY_END) return { file, media: BY_END[end] as string, encoding }
  return { file, encoding, media: encoding === null ? mediaOf(end, await file.slice(0, 4096).text()) : 'application/json' }
}

function mediaOf(end: string, head: string): string {
  const begins = head.trimStart().charAt(0)
  if (begins === '{') return LINE_OF_JSON.test(head) ? 'application/x-ndjson' : 'application/json'
  if (begins === '[' || end === 'json') return 'application/json'
  return begins === '<' ? 'application/xml' : 'text/csv'
}

const UNITS = ['bytes', 'kB', 'MB', 'GB']

export function sizeOf(bytes: number): string {
  const power = Math.min(Math.floor(Math.log(Math.max(bytes, 1)) / Math.log(1000)), UNITS.length - 1)
  const shown = new Intl.NumberFormat(navigator.language, { maximumFractionDigits: 1 }).format(bytes / 1000 ** power)
  return `${shown} ${UNITS[power]}`
}
