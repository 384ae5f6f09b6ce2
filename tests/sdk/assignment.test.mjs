/** The script's assignment beside the server's, by cases that the server's own code made: RECO_CASES is their file. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Page } from './page.mjs'

const { cases } = JSON.parse(readFileSync(process.env.RECO_CASES, 'utf8'))

test('each shopper gets the arm that the server gives them', () => {
  for (const { userId, experimentId, bucket } of cases) {
    const { sdk } = new Page({ attributes: { userId } })
    assert.equal(sdk.assign(experimentId, bucket), 'variant', `${userId} ${experimentId}`)
    assert.equal(sdk.assign(experimentId, bucket + 1), 'control', `${userId} ${experimentId}`)
  }
})

test('texts of every length around the blocks of SHA-256', () => {
  for (let length = 1; length < 200; length++) {
    const text = 'x'.repeat(length)
    const bucket = Number(BigInt(`0x${createHash('sha256').update(text).digest('hex')}`) % 100n)
    const { sdk } = new Page({ attributes: { userId: text } })
    assert.equal(sdk.assign('', bucket), 'variant', `${length}`)
    assert.equal(sdk.assign('', bucket + 1), 'control', `${length}`)
  }
})
