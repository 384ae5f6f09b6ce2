/** The script's assignment beside the server's, by cases that the server's own code made: RECO_CASES is their file. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Page } from './page.mjs'

const { cases } = JSON.parse(readFileSync(process.env.RECO_CASES, 'utf8'))

test('each shopper gets the arm that the server gives them', async () => {
  for (const { userId, experimentId, bucket } of cases) {
    const { sdk } = new Page({ attributes: { userId } })
    assert.equal(await sdk.assign(experimentId, bucket), 'variant', `${userId} ${experimentId}`)
    assert.equal(await sdk.assign(experimentId, bucket + 1), 'control', `${userId} ${experimentId}`)
  }
})
