// Checks that every constructor makes once. The name in quotes is the option's.

import type { Backend } from './ports/backend.ts'

/** @throws TypeError naming the option. */
export function requireObject(name: string, value: unknown): asserts value is object {
  if (typeof value !== 'object' || value === null) {
    throw new TypeError(`"${name}" must be an object, got ${value === null ? 'null' : typeof value}`)
  }
}

/** @throws TypeError for what is no number, RangeError for one out of `least` to `most`; both name the option. */
export function requireInteger(name: string, value: unknown, least: number, most: number): number {
  if (typeof value !== 'number') {
    throw new TypeError(`"${name}" must be an integer from ${least} to ${most}, got ${typeof value}`)
  }
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`"${name}" must be an integer from ${least} to ${most}, got ${value}`)
  }
  return value
}

export function requireOneOf<Value extends string>(name: string, value: unknown, allowed: readonly Value[]): Value {
  if (!allowed.includes(value as Value)) {
    throw new TypeError(
      `"${name}" must be one of ${allowed.map((each) => `"${each}"`).join(', ')}, got ${
        typeof value === 'string' ? `"${value.slice(0, 32)}"` : typeof value
      }`,
    )
  }
  return value as Value
}

/** @throws TypeError for what is no backend: most often one that was not awaited. */
export function requireBackend(value: unknown): asserts value is Backend {
  requireObject('backend', value)
  if ('then' in value) throw new TypeError('"backend" must be a backend, got a promise of one: await it first')
  if (!Array.isArray((value as Partial<Backend>).verifies)) {
    throw new TypeError('"backend" must be a backend, got an object without "verifies"')
  }
}

export function requireFunction(name: string, value: unknown): void {
  if (typeof value !== 'function') throw new TypeError(`"${name}" must be a function, got ${typeof value}`)
}
