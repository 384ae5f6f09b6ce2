/**
 * The script for a page: takes the place of the stub, does what was asked of it, and starts by the tag's attributes.
 */
import { engine } from './index.ts'

window.RecomEngine = engine
