/**
 * What the page says of itself: by the attributes of the script's tag, by `init`, or both.
 */
import type { InitOptions } from './types.ts'

/** Attributes are text, so `false` may be that. */
export const settings: InitOptions & { apiUrl: string } = { apiUrl: '' }

/** Whether anything of the shopper may be stored or sent. The browser's own signal outweighs what the page says. */
export function allowed(): boolean {
  return !isOff(settings.consent) && !(navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl
}

export function isOff(setting: unknown): boolean {
  return `${setting}` === 'false'
}
