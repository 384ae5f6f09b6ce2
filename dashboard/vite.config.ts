import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin, type UserConfig } from 'vite'

const API = process.env.RECOMENGINE_URL ?? 'http://127.0.0.1:5008'
const OF_THE_SERVER = ['/api', '/v1', '/sdk', '/openapi.json', '/shop', '/docs', '/health', '/ready']
const src = fileURLToPath(new URL('./src', import.meta.url))
const served = fileURLToPath(new URL('../src/recomengine/site/built/app', import.meta.url))
const inServer = (path: string): string => `${src}/${path}`

/** The theme's script, which must run before the first paint and so cannot be a module. */
function themeScript(): Plugin {
  const source = readFileSync(inServer('theme.js'), 'utf-8')
  let base = '/'
  let building = false
  return {
    name: 'theme-script',
    configResolved(config) {
      base = config.base
      building = config.command === 'build'
    },
    buildStart() {
      if (building) this.emitFile({ type: 'asset', name: 'theme.js', source })
    },
    transformIndexHtml: {
      order: 'post',
      handler(_html, { bundle }) {
        const emitted = Object.values(bundle ?? {}).find(
          (file) => file.type === 'asset' && file.names.includes('theme.js'),
        )
        const path = emitted ? `${base}${emitted.fileName}` : '/src/theme.js'
        return [{ tag: 'script', attrs: { src: path }, injectTo: 'head-prepend' }]
      },
    },
  }
}

/** The landing page is written at build time: it can be read without a script, and paints with the first answer. */
function landing(): Plugin {
  return {
    name: 'landing',
    configureServer(server) {
      server.middlewares.use((request, _response, next) => {
        if (request.url === '/' || request.url?.startsWith('/?')) request.url = '/landing.html'
        next()
      })
      const load = async (html: string): Promise<string> => {
        const { render } = (await server.ssrLoadModule('/src/features/landing/render.tsx')) as { render: () => string }
        return html.replace('<!--page-->', render())
      }
      this.transformIndexHtml = { order: 'pre', handler: (html) => (html.includes('<!--page-->') ? load(html) : html) }
    },
  }
}

export default defineConfig(({ command, isSsrBuild }): UserConfig => ({
  base: command === 'build' ? '/app/' : '/',
  plugins: [react(), tailwindcss(), themeScript(), landing()],
  resolve: { alias: { '@': src } },
  server: { port: 3112, strictPort: true, proxy: Object.fromEntries(OF_THE_SERVER.map((path) => [path, API])) },
  build: isSsrBuild
    ? {}
    : {
        outDir: served,
        emptyOutDir: true,
        target: 'es2022',
        manifest: 'manifest.json',
        modulePreload: { polyfill: false },
        assetsInlineLimit: 0,
        rollupOptions: { input: ['index.html', 'landing.html'] },
      },
}))
