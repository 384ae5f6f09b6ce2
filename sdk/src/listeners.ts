/**
 * The page's own functions that are told what happens.
 */
import { quietly } from './faults.ts'
import type { Happenings } from './types.ts'

type Listener = (happening: never) => void

const listeners: Record<string, Listener[]> = {}

export function on<Name extends keyof Happenings>(name: Name, listener: (happening: Happenings[Name]) => void): void {
  ;(listeners[name] ??= []).push(listener)
}

export function emit<Name extends keyof Happenings>(name: Name, happening: Happenings[Name]): void {
  listeners[name]?.forEach((listener) => quietly('listener', () => listener(happening as never)))
}
