/** Who the shopper is, what is kept of them, and what is not where they say no. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Page, accepted, storage } from './page.mjs'

const ANONYMOUS = /^anon_\d{1,10}(-\d{1,10}){3}$/
const names = (page) => Object.keys(page.local)
const joins = (page) => page.requests.filter((request) => request.path === 'identify').map((request) => request.body)

async function shoppers(page) {
  page.sdk.track('view', { productId: 'a' })
  await page.pass(5000)
  return page.events().map((event) => event.userId)
}

test('an anonymous shopper is the same on the next page', async () => {
  const page = new Page()
  const [id] = await shoppers(page)
  assert.match(id, ANONYMOUS)
  assert.deepEqual(await shoppers(new Page({ local: page.local })), [id])
})

test('who signs in is joined with their anonymous id once, and known on later pages', async () => {
  const page = new Page()
  const [id] = await shoppers(page)
  page.sdk.identify('ann')
  await page.pass(0)
  assert.deepEqual(joins(page), [{ key: 'rk_pub_test', userId: 'ann', anonymousId: id }])
  const next = new Page({ local: page.local })
  assert.deepEqual(await shoppers(next), ['ann'])
  assert.deepEqual(joins(next), [])
})

test('a join that did not arrive is tried on the next page', async () => {
  const page = new Page({ answer: ({ path }) => ({ status: path === 'identify' ? 503 : 202, body: '{}' }) })
  await shoppers(page)
  page.sdk.identify('ann')
  await page.pass(0)
  const next = new Page({ local: page.local })
  await next.pass(0)
  assert.equal(joins(next).length, 1)
})

test('an anonymous id that is another shopper\'s is given up', async () => {
  const taken = (request) => (request.path === 'identify' ? { status: 409, body: '{}' } : accepted(request))
  const page = new Page({ answer: taken })
  const [id] = await shoppers(page)
  page.sdk.identify('ann')
  await page.pass(0)
  page.sdk.reset()
  assert.notEqual((await shoppers(page)).at(-1), id)
})

test('the tag\'s user is this page\'s alone', async () => {
  const page = new Page({ attributes: { userId: 'ann' } })
  assert.deepEqual(await shoppers(page), ['ann'])
  assert.match((await shoppers(new Page({ local: page.local })))[0], ANONYMOUS)
})

const REFUSALS = {
  'by the tag': { attributes: { consent: 'false' } },
  'by the stub': { before: "RecomEngine = { q: [['setConsent', false]] }" },
  'by the browser': { globals: { navigator: { globalPrivacyControl: true } } },
}
for (const [how, options] of Object.entries(REFUSALS)) {
  test(`a shopper who says no ${how} leaves nothing, and what was kept is gone`, async () => {
    const local = storage({ 'recomengine.anonymous': 'anon_1-2-3-4', 'recomengine.e.1.x': '{}', other: 'theirs' })
    const page = new Page({ local, ...options })
    await shoppers(page)
    page.sdk.identify('ann')
    page.sdk.track('purchase', { productId: 'a', orderId: 'o' })
    await page.hide()
    assert.deepEqual(page.requests, [])
    assert.deepEqual(names(page), ['other'])
    await page.sdk.recommend({ placementId: 'home' })
    assert.deepEqual(page.requests.map(({ body }) => body), [{ key: 'rk_pub_test', placementId: 'home' }])
    assert.equal(page.sdk.assign('experiment'), 'control')
  })
}

test('reset forgets the shopper and what waits', async () => {
  const page = new Page()
  page.sdk.identify('ann')
  page.sdk.track('view', { productId: 'a' })
  page.sdk.reset()
  assert.deepEqual(names(page), [])
  await page.pass(10_000)
  assert.deepEqual(page.events(), [])
})

test('what the stub noted is done, in order, and a second copy does nothing', async () => {
  const page = new Page({
    before: "RecomEngine = { q: [['identify', 'ann'], ['track', 'view', { productId: 'a' }]] }",
    attributes: { key: 'rk_pub_test' },
  })
  const { sdk } = page
  await page.pass(5000)
  assert.deepEqual(page.events().map((event) => [event.userId, event.productId]), [['ann', 'a']])
  assert.equal(page.realm.RecomEngine, sdk)
})

test('the page is told of events and receipts, and nothing it throws goes further', async () => {
  const page = new Page()
  const told = []
  page.sdk.on('event', () => { throw new Error('the page\'s own') })
  page.sdk.on('event', ({ eventType }) => told.push(eventType))
  page.sdk.on('sent', (receipts) => told.push(...receipts.map((receipt) => receipt.status)))
  page.sdk.track('view', { productId: 'a' })
  await page.pass(5000)
  assert.deepEqual(told, ['view', 'accepted'])
})

test('an API that is away gives an empty list, and no error', async () => {
  const page = new Page({ answer: () => { throw new TypeError('away') } })
  assert.equal(JSON.stringify(await page.sdk.recommend()), '{"data":[]}')
})
