/**
 * The server's assignment to the arms of an experiment: bucket = int(SHA-256(utf8(userId + experimentId))) mod 100;
 * below the traffic split it is control.
 *
 * SHA-256 (FIPS 180-4) without waiting, which the browser's own does not offer, and not at all without https. Its
 * constants are the first 32 bits of the fractions of the square and cube roots of the first primes. Names of variables
 * are the standard's.
 */
import type { Variant } from './types.ts'

const BUCKETS = 100
const ROUNDS = 64

export function variantOf(userId: string, experimentId: string, trafficSplit: number): Variant {
  return bucket(userId, experimentId) < trafficSplit ? 'control' : 'variant'
}

export function bucket(userId: string, experimentId: string): number {
  return sha256(userId + experimentId).reduce((rest, word) => (rest * 2 ** 32 + (word >>> 0)) % BUCKETS, 0)
}

/** Eight words of 32 bits, with sign. */
export function sha256(text: string): number[] {
  const message = new TextEncoder().encode(text)
  const padded = new DataView(new ArrayBuffer(((message.length + 72) >> 6) << 6))
  message.forEach((byte, at) => padded.setInt8(at, byte))
  padded.setInt8(message.length, 0x80)
  padded.setInt32(padded.byteLength - 4, message.length * 8)
  const [K, H] = [1 / 3, 1 / 2].map(fractions) as [number[], number[]]
  const W: number[] = []
  for (let block = 0; block < padded.byteLength; block += 64) {
    let [a, b, c, d, e, f, g, h] = H as [number, number, number, number, number, number, number, number]
    for (let t = 0; t < ROUNDS; t++) {
      const [early, late] = [W[t - 15]!, W[t - 2]!]
      W[t] = t < 16
        ? padded.getInt32(block + t * 4)
        : (turned(early, 7, 18) ^ (early >>> 3)) + (turned(late, 17, 19) ^ (late >>> 10)) + W[t - 16]! + W[t - 7]! | 0
      const T = h + turned(e, 6, 11, 25) + ((e & f) ^ (~e & g)) + K[t]! + W[t]!
      ;[a, b, c, d, e, f, g, h] = [(T + turned(a, 2, 13, 22) + ((a & b) ^ (a & c) ^ (b & c))) | 0, a, b, c, (d + T) | 0, e, f, g]
    }
    ;[a, b, c, d, e, f, g, h].forEach((word, index) => (H[index] = (H[index]! + word) | 0))
  }
  return H.slice(0, 8)
}

/** `word` rotated right by each of `by` bits, combined. */
function turned(word: number, ...by: number[]): number {
  return by.reduce((mixed, bits) => mixed ^ ((word >>> bits) | (word << (32 - bits))), 0)
}

/** Of the roots of the first 64 primes, in 32 bits. */
function fractions(power: number): number[] {
  const found: number[] = []
  for (let number = 2, divisor; found.length < ROUNDS; number++) {
    for (divisor = 2; number % divisor; ) divisor++
    if (divisor === number) found.push((number ** power * 2 ** 32) | 0)
  }
  return found
}
