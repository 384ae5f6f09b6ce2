/**
 * The SDK's functions, as pages call them.
 */
import type { Engine } from './types.ts'

declare const VERSION: string

export const engine: Engine = { version: VERSION }
