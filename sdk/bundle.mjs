/**
 * One entry of src/ with all that it imports, as one minified file: esbuild bundles, and swc, which puts functions
 * where they are called once, minifies to 4 % less.
 *
 * `node bundle.mjs ENTRY NAME` prints it as a script that leaves its exports in the global NAME: a part by itself, for
 * tests and pictures.
 */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { minify } from '@swc/core'
import { build, transform } from 'esbuild'

export const HERE = dirname(fileURLToPath(import.meta.url))
const { version } = JSON.parse(readFileSync(join(HERE, 'package.json'), 'utf8'))
// The oldest that browsers of the last three years still are.
const TARGET = ['chrome109', 'edge109', 'firefox115', 'safari16.4']
/** A style sheet becomes its text: it is given to pages as an object. */
const STYLES = {
  name: 'styles',
  setup({ onLoad }) {
    onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const made = await transform(readFileSync(path, 'utf8'), { loader: 'css', minify: true, target: TARGET })
      // Blanks that esbuild leaves in what it does not know: custom properties and conditions.
      return { contents: made.code.trim().replace(/([:,]) | (?=[}])| ?(\*) ?/g, '$1$2'), loader: 'text' }
    })
  },
}
const SHARED = {
  bundle: true,
  legalComments: 'none',
  charset: 'utf8',
  target: TARGET,
  define: { SDK_VERSION: JSON.stringify(version) },
  plugins: [STYLES],
  write: false,
}

export async function bundle(entry, format, more = {}) {
  const made = await build({ ...SHARED, format, entryPoints: [join(HERE, 'src', entry)], ...more })
  const isModule = format === 'esm'
  // As found to be the smallest with gzip.
  const compress = { passes: 5, unsafe: true, hoist_funs: true, negate_iife: false, collapse_vars: false }
  const { code } = await minify(made.outputFiles[0].text, { module: isModule, toplevel: isModule, compress, mangle: true })
  return Buffer.from(code.replace('"use strict";', '')) // nothing here depends on it, types see to that
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [entry, globalName] = process.argv.slice(2)
  process.stdout.write(await bundle(entry, 'iife', { globalName }))
}
