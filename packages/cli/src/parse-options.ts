import { isAppId } from '@ticketgate/core'
import { InvalidArgumentError } from 'commander'

/** For commander: an app id. */
export function parseAppId(text: string): number {
  const appId = /^\d{1,10}$/.test(text) ? Number(text) : 0
  if (!isAppId(appId)) throw new InvalidArgumentError('It must be an app id, 1 to 4294967295.')
  return appId
}

/** For commander: an app id; may be given several times. */
export function collectAppId(text: string, previous: readonly number[] = []): readonly number[] {
  return [...previous, parseAppId(text)]
}

/** For commander: an integer within bounds. */
export function parseInteger(least: number, most: number): (text: string) => number {
  return function parse(text) {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
    if (!(value >= least && value <= most)) {
      throw new InvalidArgumentError(`It must be an integer from ${least} to ${most}.`)
    }
    return value
  }
}

export const parsePort = parseInteger(0, 65_535)

/** For commander: an address to listen on. Nothing at all would be every address. */
export function parseHost(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('It must be an address or a name of this machine.')
  return text
}
