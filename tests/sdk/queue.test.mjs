/** Events on their way, by what leaves and what stays in storage. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Page, accepted, storage } from './page.mjs'

const away = () => {
  throw new TypeError('Failed to fetch')
}
const overloaded = (seconds) => () => ({ status: 503, headers: { 'Retry-After': `${seconds}` }, body: '{}' })
const waiting = (page) => Object.keys(page.local).filter((name) => name.startsWith('recomengine.e.')).length

test('events leave after five seconds in one batch, as text without a header of ours', async () => {
  const page = new Page()
  page.sdk.track('view', { productId: 'a', price: 2.5 })
  page.sdk.track('search', { query: 'a "quoted"\nline' })
  await page.pass(4999)
  assert.equal(page.batches().length, 0)
  await page.pass(2)
  const [batch] = page.batches()
  assert.equal(batch.key, 'rk_pub_test')
  assert.equal(typeof batch.sentAt, 'number')
  assert.deepEqual([batch.client.name, batch.client.version], ['js', page.sdk.version])
  const told = batch.events.map(({ eventType, productId, metadata }) => [eventType, productId, metadata]).sort()
  assert.deepEqual(told, [['search', undefined, { query: 'a "quoted"\nline' }], ['view', 'a', { price: 2.5 }]])
  const { options } = page.requests.at(-1)
  const { method, body, headers, keepalive } = options
  assert.deepEqual([method, typeof body, headers, keepalive], ['POST', 'string', undefined, true])
  assert.equal(waiting(page), 0)
})

test('a batch has at most fifty events and 60 kB, and the rest follows at once', async () => {
  const page = new Page()
  for (let number = 0; number < 120; number++) page.sdk.track('view', { productId: `p${number}` })
  await page.pass(0)
  await page.pass(5000)
  assert.deepEqual(page.batches().map((batch) => batch.events.length).sort(), [20, 50, 50])
  assert.equal(new Set(page.events().map((event) => event.productId)).size, 120)
  for (let number = 0; number < 30; number++) page.sdk.track('search', { query: '\u8336'.repeat(1500) })
  await page.pass(5000)
  const sizes = page.requests.map((request) => Buffer.byteLength(request.options.body))
  assert.ok(Math.max(...sizes) < 64_000, `${sizes}`)
  assert.equal(page.events().length, 150)
})

test('one request is under way at a time', async () => {
  let release
  const page = new Page({ answer: (request) => new Promise((resolve) => (release = () => resolve(accepted(request)))) })
  page.sdk.track('view', { productId: 'a' })
  await page.pass(5000)
  page.sdk.track('view', { productId: 'b' })
  await page.pass(20_000)
  assert.equal(page.batches().length, 1)
  release()
  await page.pass(5000)
  assert.deepEqual(page.events().map((event) => event.productId), ['a', 'b'])
})

test('what an earlier page could not send leaves from the next one with the same id', async () => {
  const first = new Page({ answer: away })
  first.sdk.track('view', { productId: 'a' })
  await first.hide()
  const [tried] = first.events()
  const next = new Page({ local: first.local })
  await next.pass(10_000)
  assert.equal(next.events()[0].eventId, tried.eventId)
  assert.equal(waiting(next), 0)
})

test('a failure as the page is left holds nothing back on the next one', async () => {
  const left = new Page({ answer: away })
  left.sdk.track('view', { productId: 'a' })
  await left.hide()
  const next = new Page({ local: left.local })
  next.sdk.track('view', { productId: 'b' })
  await next.hide()
  assert.deepEqual(next.events().map((event) => event.productId).sort(), ['a', 'b'])
})

test('events of a page that is hidden leave at once', async () => {
  const page = new Page()
  page.sdk.track('view', { productId: 'a' })
  await page.hide()
  assert.equal(page.events().length, 1)
})

test('after each failure the next request waits longer, up to minutes', async () => {
  const page = new Page({ answer: away })
  page.sdk.track('view', { productId: 'a' })
  const sent = []
  for (let second = 0; second < 3600; second += 5) {
    const before = page.batches().length
    await page.pass(5000)
    if (page.batches().length > before) sent.push(second)
  }
  const gaps = sent.slice(1).map((at, index) => at - sent[index])
  assert.ok(gaps.at(-1) >= 150 && gaps.at(-1) <= 310, `${gaps}`)
  assert.ok(sent.length < 30, `${sent.length}`)
})

test('Retry-After is kept to, also by later pages', async () => {
  const page = new Page({ answer: overloaded(120) })
  page.sdk.track('view', { productId: 'a' })
  await page.pass(5000)
  await page.pass(100_000)
  assert.equal(page.batches().length, 1)
  const next = new Page({ local: page.local })
  next.now = page.now
  await next.pass(10_000)
  assert.equal(next.batches().length, 0)
  await next.pass(20_000)
  assert.equal(next.batches().length, 1)
})

test('what the API will never take is let go, and told as an error with the next batch', async () => {
  let refuse = true
  const page = new Page({ answer: (request) => (refuse ? { status: 422, body: '{}' } : accepted(request)) })
  page.sdk.track('view', { productId: 'a' })
  await page.pass(5000)
  assert.equal(waiting(page), 0)
  refuse = false
  page.sdk.track('view', { productId: 'b' })
  await page.pass(5000)
  assert.deepEqual(page.batches().at(-1).client.errors, { api_422: 1, rejected: 1 })
  page.sdk.track('view', { productId: 'c' })
  await page.pass(5000)
  assert.deepEqual(page.batches().at(-1).client.errors, {})
})

test('an answer that is no answer changes nothing', async () => {
  for (const body of ['null', '[]', '<html>', '{"data": {}}']) {
    const page = new Page({ answer: () => ({ status: 200, body }) })
    page.sdk.track('view', { productId: 'a' })
    await page.pass(5000)
    assert.equal(waiting(page), 1, body)
  }
})

test('no more than five hundred wait, and no event is larger than a third of a batch', async () => {
  const page = new Page({ answer: away })
  for (let number = 0; number < 700; number++) page.sdk.track('view', { productId: `p${number}` })
  page.sdk.track('search', { query: 'x'.repeat(30_000) })
  await page.pass(0)
  assert.ok(waiting(page) <= 501, `${waiting(page)}`)
})

test('the lines of an order are known by what they are, other events by an id', async () => {
  const page = new Page()
  page.sdk.track('purchase', { productId: 'a', orderId: 'o1', price: 2, quantity: 1 })
  page.sdk.track('purchase', { productId: 'a', orderId: 'o1', eventId: 'mine' })
  page.sdk.track('view', { productId: 'a' })
  await page.pass(5000)
  const found = (kind, price) => page.events().find((one) => one.eventType === kind && one.metadata.price === price)
  const idOf = (kind, price) => found(kind, price).eventId
  assert.equal(idOf('purchase', 2), undefined)
  assert.equal(idOf('purchase', undefined), 'mine')
  assert.match(idOf('view', undefined), /^\d+(-\d+){3}$/)
})

test('blocked storage costs nothing but what outlives the page', async () => {
  const denied = "Object.defineProperty(this, 'localStorage', { get() { throw new Error('denied') } })"
  const page = new Page({ before: denied })
  page.sdk.track('view', { productId: 'a' })
  page.sdk.track('view', { productId: 'b' })
  await page.pass(5000)
  const [one, other] = page.events()
  assert.equal(one.userId, other.userId)
  assert.equal(page.batches()[0].client.errors.storage > 0, true)
})

test('pages that overwrite JSON, map and toJSON lose nothing', async () => {
  const page = new Page({
    before: `JSON = { parse() { throw 1 }, stringify() { throw 1 } }; Array.prototype.map = () => { throw 1 };
      Array.prototype.toJSON = () => 'broken'`,
  })
  page.sdk.track('view', { productId: 'a', tags: ['x', null, 1, true, { deep: 'y' }] })
  await page.pass(5000)
  assert.deepEqual(page.events()[0].metadata.tags, ['x', null, 1, true, { deep: 'y' }])
})
