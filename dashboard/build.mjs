// The pages into the server's files for browsers: Vite builds them, the landing page is written, sizes are checked.
import { readFile, rm, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'

const MOST_INITIAL_BYTES = 110 * 1000
const here = fileURLToPath(new URL('.', import.meta.url))
const served = fileURLToPath(new URL('../src/recomengine/site/built/app/', import.meta.url))
const quiet = { root: here, logLevel: 'warn' }

await build(quiet)
const written = `${here}node_modules/.landing/`
await build({ ...quiet, build: { ssr: 'src/features/landing/render.tsx', outDir: written, emptyOutDir: true } })
const { render } = await import(`${written}render.js`)
const page = await readFile(`${served}landing.html`, 'utf-8')
await writeFile(
  `${served}landing.html`,
  page.replace('<!--page-->', () => render()),
)

const manifest = JSON.parse(await readFile(`${served}manifest.json`, 'utf-8'))
const initial = new Set()
const take = (key) => {
  if (initial.has(key)) return
  initial.add(key)
  for (const imported of manifest[key].imports ?? []) take(imported)
}
take('index.html')
let bytes = 0
for (const key of initial) bytes += gzipSync(await readFile(served + manifest[key].file), { level: 9 }).length
await rm(`${served}manifest.json`)
console.log(`dashboard: ${(bytes / 1000).toFixed(1)} kB of JavaScript before a page's own, gzipped`)
if (bytes > MOST_INITIAL_BYTES) {
  console.error(`dashboard: expected at most ${MOST_INITIAL_BYTES / 1000} kB. Load the heavy parts with lazy().`)
  process.exit(1)
}
