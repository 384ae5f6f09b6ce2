/**
 * Builds the SDK into the server's files for browsers: recomengine.js (a script of its own, window.RecomEngine),
 * recomengine.mjs (a module) and their types. A script above the limit fails, so that shoppers never wait for more.
 *
 * The types are one file: what src/types.ts and src/module.ts declare, which import nothing else.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { HERE, bundle } from './bundle.mjs'

const MOST_BYTES = 5120
const OUT = process.argv[2] ?? join(HERE, '../src/recomengine/site/built/sdk')

function declarations() {
  const folder = mkdtempSync(join(tmpdir(), 'recomengine-sdk-'))
  try {
    const compiler = join(HERE, 'node_modules/typescript/bin/tsc')
    const options = ['--noEmit', 'false', '--declaration', '--emitDeclarationOnly', '--outDir', folder]
    execFileSync(process.execPath, [compiler, '-p', HERE, ...options], { stdio: 'inherit' })
    const parts = ['types', 'module'].map((name) => readFileSync(join(folder, `${name}.d.ts`), 'utf8'))
    return parts.join('').replace(/^(import|export) .* from .*\n/gm, '')
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const script = await bundle('script.ts', 'iife')
const size = gzipSync(script, { level: 9 }).length
console.log(`sdk: recomengine.js, ${script.length} bytes, ${size} of at most ${MOST_BYTES} with gzip`)
if (size > MOST_BYTES) {
  console.error(`sdk: recomengine.js has ${size} bytes with gzip, ${size - MOST_BYTES} too many. Make it smaller.`)
  process.exit(1)
}
const files = {
  'recomengine.js': script,
  'recomengine.mjs': await bundle('module.ts', 'esm'),
  'recomengine.d.ts': declarations(),
  'recomengine.d.mts': "export * from './recomengine.js'\nexport { default } from './recomengine.js'\n",
}
rmSync(OUT, { recursive: true, force: true })
mkdirSync(OUT, { recursive: true })
for (const [name, content] of Object.entries(files)) writeFileSync(join(OUT, name), content)
