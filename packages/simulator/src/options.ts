import { type AppId, isAppId, requireInteger } from '@ticketgate/core'

/** @throws TypeError or RangeError naming the option. */
export function checkInteger(name: string, value: unknown, min: number, max = Number.MAX_SAFE_INTEGER): number {
  return requireInteger(name, value, min, max)
}

/** @throws TypeError naming the option. */
export function checkAppId(name: string, value: unknown): AppId {
  if (!isAppId(value)) throw new TypeError(`"${name}" must be an app id, got ${describe(value)}`)
  return value
}

/** @throws TypeError naming the option. */
export function checkAppIds(name: string, values: unknown): AppId[] {
  if (!Array.isArray(values)) throw new TypeError(`"${name}" must be an array of app ids, got ${describe(values)}`)
  return values.map((value: unknown) => checkAppId(name, value))
}

/** @throws TypeError naming the option. */
export function checkString(name: string, value: unknown): string {
  if (typeof value !== 'string') throw new TypeError(`"${name}" must be a string, got ${describe(value)}`)
  return value
}

/** @throws TypeError naming the option. */
export function checkBoolean(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw new TypeError(`"${name}" must be true or false, got ${describe(value)}`)
  return value
}

function describe(value: unknown): string {
  return typeof value === 'number' || typeof value === 'boolean' || value == null ? String(value) : typeof value
}
