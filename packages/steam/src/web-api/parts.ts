import type { AppId } from '@ticketgate/core'
import type { TicketInspector } from '@ticketgate/core/ticket'
import { Pool } from 'undici'
import { createSteamTicketInspector } from '../ticket/inspector.ts'
import { KeySlot } from './key-slot.ts'
import type { ResolvedOptions } from './options.ts'

/** One app and the key that is asked about it. */
export interface App {
  readonly appId: AppId
  readonly key: KeySlot
}

/** Apps with the same key share its budget and its pauses. */
export function makeApps(
  { apps, dailyCallLimit, warnAtShare, clock }: ResolvedOptions,
  warn: (reason: string, message: string) => void,
): ReadonlyMap<AppId, App> {
  const slots = new Map<unknown, KeySlot>()
  const made = new Map<AppId, App>()
  for (const { appId, key } of apps) {
    let slot = slots.get(key)
    if (slot === undefined) {
      slot = new KeySlot({ key, label: `key ${slots.size + 1}`, dailyCallLimit, warnAtShare, clock, warn })
      slots.set(key, slot)
    }
    made.set(appId, { appId, key: slot })
  }
  return made
}

export function makeInspector(
  { dangerouslyTrustTicketKey, clock }: ResolvedOptions,
  appIds: readonly AppId[],
): TicketInspector {
  try {
    return createSteamTicketInspector({
      kinds: ['webapi'],
      appIds,
      now: () => clock.now(),
      dangerouslyTrustKey: dangerouslyTrustTicketKey,
    })
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new TypeError('"dangerouslyTrustTicketKey" must be an RSA public key of 1024 bits, as PEM text or KeyObject')
  }
}

/**
 * HTTP/1.1 with keep-alive. As many connections as calls may run at once: a small pool is a queue that shows
 * nowhere, and a login storm needs rate times latency of them.
 */
export function makePool({ target, timeoutMs, maxConcurrency }: ResolvedOptions): Pool {
  return new Pool(target.origin, {
    connections: maxConcurrency,
    pipelining: 1,
    allowH2: false,
    connectTimeout: timeoutMs,
    headersTimeout: 0,
    bodyTimeout: 0,
  })
}
