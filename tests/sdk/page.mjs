/**
 * A page without a browser, for what needs no layout: the script as it is served runs in a realm of its own, whose
 * network, storage, clock and timers are the test's. Browsers' parts are stood in for; the SDK's are its own.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import vm from 'node:vm'

const SCRIPT = readFileSync(
  fileURLToPath(new URL('../../src/recomengine/site/built/sdk/recomengine.js', import.meta.url)), 'utf8',
)
const API = 'https://api.example'

/** Storage as browsers have it: entries are properties. */
export function storage(entries = {}) {
  return Object.assign(Object.create(null), entries)
}

/** `answer(request)` gives {status, body, headers}, or throws as a network that is away does. */
export class Page {
  constructor({ local = storage(), attributes = {}, answer = accepted, before = '', globals = {} } = {}) {
    this.requests = []
    this.now = 1_800_000_000_000
    this.timers = []
    this.heard = {}
    this.thrown = []
    this.document = {
      readyState: 'complete',
      hidden: false,
      currentScript: { src: `${API}/sdk/v1/recomengine.js`, dataset: { key: 'rk_pub_test', ...attributes } },
      addEventListener: (name, listener) => (this.heard[name] ??= []).push(listener),
      querySelectorAll: () => [],
    }
    this.answer = answer
    const later = (work, ms, ...given) => this.timers.push({ at: this.now + ms, work: () => work(...given) })
    const clock = () => this.now
    const sandbox = {
      document: this.document,
      navigator: {},
      localStorage: local,
      fetch: (url, options) => this.fetch(url, options),
      setTimeout: later,
      clearTimeout: (number) => number && (this.timers[number - 1].work = () => {}),
      setInterval: (work, ms) => this.every(work, ms),
      AbortSignal: { timeout: () => undefined },
      MutationObserver: class { observe() {} },
      Element: class {},
      TextEncoder, crypto, queueMicrotask, console,
      ...globals,
    }
    sandbox.window = sandbox
    this.realm = vm.createContext(sandbox)
    this.realm.clock = clock
    vm.runInContext(`Date.now = clock; ${before}`, this.realm)
    vm.runInContext(SCRIPT, this.realm)
    this.sdk = sandbox.RecomEngine
    this.local = local
  }

  every(work, ms) {
    const again = () => {
      this.timers.push({ at: this.now + ms, work: again })
      work()
    }
    this.timers.push({ at: this.now + ms, work: again })
  }

  async fetch(url, options) {
    const request = { path: url.replace(`${API}/api/v1/`, ''), body: JSON.parse(options.body), options }
    this.requests.push(request)
    const { status = 200, body, headers = {} } = await this.answer(request)
    return {
      status, ok: status < 300, headers: { get: (name) => headers[name] ?? null }, json: async () => JSON.parse(body),
    }
  }

  /** Let time pass, and all that it brings. */
  async pass(ms) {
    const end = this.now + ms
    await settled()
    for (;;) {
      const coming = this.timers.filter((timer) => timer.at <= end && !timer.done)
      const due = coming.sort((one, other) => one.at - other.at)[0]
      if (!due) break
      due.done = true
      this.now = Math.max(this.now, due.at)
      due.work()
      await settled()
    }
    this.now = end
  }

  async hide() {
    this.document.hidden = true
    for (const listener of this.heard.visibilitychange ?? []) listener()
    await settled()
  }

  batches() {
    return this.requests.filter((request) => request.path === 'events/batch').map((request) => request.body)
  }

  events() {
    return this.batches().flatMap((batch) => batch.events)
  }
}

/** As the API answers. */
export function accepted({ path, body }) {
  if (path === 'events/batch') {
    const results = body.events.map((event, index) => ({ index, status: 'accepted', eventId: event.eventId }))
    return { status: 202, body: JSON.stringify({ data: { results } }) }
  }
  return { status: 202, body: JSON.stringify({ data: path === 'identify' ? { status: 'joined' } : [] }) }
}

async function settled() {
  for (let turn = 0; turn < 20; turn++) await null
  await new Promise((resolve) => setImmediate(resolve))
}
