/** Contrast as WCAG 2 defines it: 1 to 21; text is to have 4.5 at least. The server's widgets/legible.py does the same. */
export const ENOUGH = 4.5

export function contrast(one: string, other: string): number | null {
  const [lower, higher] = [luminance(one), luminance(other)].sort((a, b) => (a ?? -1) - (b ?? -1))
  return lower == null || higher == null ? null : (higher + 0.05) / (lower + 0.05)
}

function luminance(color: string): number | null {
  const digits = /^#([0-9a-f]{3}|[0-9a-f]{6}|[0-9a-f]{8})$/i.exec(color)?.[1]
  if (digits === undefined) return null
  const pairs = digits.length === 3 ? [...digits].map((digit) => digit + digit) : [0, 2, 4].map((at) => digits.slice(at, at + 2))
  const [red, green, blue] = pairs.map((pair) => linear(parseInt(pair, 16) / 255)) as [number, number, number]
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

const linear = (part: number): number => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
