/**
 * The SDK as a module, for pages that are bundled. Importing it does nothing.
 */
import { engine } from './index.ts'
import type { Engine } from './types.ts'

export type * from './types.ts'
export const RecomEngine: Engine = engine
export default RecomEngine

declare global {
  interface Window {
    RecomEngine?: Engine
  }
}
