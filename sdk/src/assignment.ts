/**
 * The server's assignment to the arms of an experiment: bucket = int(SHA-256(utf8(userId + experimentId))) mod 100;
 * below the traffic split it is control.
 *
 * SHA-256 (FIPS 180-4) without waiting, which the browser's own does not offer, and not at all without https. Its
 * constants are the first 32 bits of the fractions of the square and cube roots of the first primes. Names of variables
 * are the standard's. A message has less than 8 kB: two ids, and its length is two bytes.
 */
import type { Variant } from './types.ts'

const enum Size {
  BUCKETS = 100,
  ROUNDS = 64,
}

type Words = [number, number, number, number, number, number, number, number]

export function variantOf(userId: string, experimentId: string, trafficSplit: number): Variant {
  return bucket(userId, experimentId) < trafficSplit ? 'control' : 'variant'
}

export function bucket(userId: string, experimentId: string): number {
  let rest = 0
  for (const word of sha256(userId + experimentId)) rest = (rest * 2 ** 32 + (word >>> 0)) % Size.BUCKETS
  return rest
}

/** Eight words of 32 bits, with sign. */
export function sha256(text: string): number[] {
  const message = [...new TextEncoder().encode(text), 0x80]
  const bits = (message.length - 1) * 8
  const end = ((message.length + 71) >> 6) << 6
  message[end - 2] = bits >> 8
  message[end - 1] = bits
  const K: number[] = []
  const H: number[] = []
  const W: number[] = []
  for (let number = 2, divisor; K.length < Size.ROUNDS; number++) {
    for (divisor = 2; number % divisor; ) divisor++
    if (divisor < number) continue
    if (K.length < 8) H.push((number ** 0.5 * 2 ** 32) | 0)
    K.push((number ** (1 / 3) * 2 ** 32) | 0)
  }
  for (let at = 0; at < end; ) {
    /** a to h, and those of former rounds behind them. */
    let state = H.slice()
    for (let t = 0; t < Size.ROUNDS; t++) {
      const [a, b, c, , e, f, g, h] = state as Words
      const [w2, w15] = [W[t - 2]!, W[t - 15]!]
      W[t] = t < 16
        ? (message[at++]! << 24) | (message[at++]! << 16) | (message[at++]! << 8) | (message[at++]! & 255)
        : (turned(w15, 7) ^ turned(w15, 18) ^ (w15 >>> 3)) + (turned(w2, 17) ^ turned(w2, 19) ^ (w2 >>> 10)) +
          W[t - 16]! + W[t - 7]! | 0
      const T1 = h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + (g ^ (e & (f ^ g))) + K[t]! + W[t]!
      state = [(T1 + (turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + ((a & b) | (c & (a | b)))) | 0, ...state]
      state[4] = (state[4]! + T1) | 0
    }
    H.forEach((word, index) => (H[index] = (word + state[index]!) | 0))
  }
  return H
}

/** `word` rotated right. */
function turned(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits))
}
