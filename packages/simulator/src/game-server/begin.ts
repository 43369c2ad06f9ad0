import type { KeyObject } from 'node:crypto'
import { type AppId, BeginAuthSessionResult, type SteamId } from '@ticketgate/core'
import { ticketTypes } from '../ticket/layout.ts'
import { isSignedBy, readShownTicket } from '../ticket/read.ts'

/** What BeginAuthSession can tell from a ticket's bytes: the result, and what Steam knows the ticket by. */
export interface BeginJudgement {
  readonly result: number
  readonly head: string
}

/** Judges what is shown to BeginAuthSession, sessions already open aside. The length must be exact. */
export function judgeBegin(
  bytes: Uint8Array,
  expected: {
    readonly steamId: SteamId
    readonly appId: AppId
    readonly nowMs: number
    readonly key: KeyObject
  },
): BeginJudgement {
  const ticket = readShownTicket(bytes)
  const answer = (result: number): BeginJudgement => ({ result, head: ticket?.head ?? '' })
  if (!ticket || ticket.length !== bytes.length || ticket.type !== ticketTypes.session) {
    return answer(BeginAuthSessionResult.InvalidTicket)
  }
  if (ticket.version !== 4) return answer(BeginAuthSessionResult.InvalidVersion)
  if (ticket.appId !== expected.appId) return answer(BeginAuthSessionResult.GameMismatch)
  if (ticket.expiresSeconds * 1000 <= expected.nowMs) return answer(BeginAuthSessionResult.ExpiredTicket)
  if (ticket.issuer !== expected.steamId || ticket.steamId !== expected.steamId) {
    return answer(BeginAuthSessionResult.InvalidTicket)
  }
  if (!isSignedBy(ticket, expected.key)) return answer(BeginAuthSessionResult.InvalidTicket)
  return answer(BeginAuthSessionResult.OK)
}

/**
 * Whether a session ticket's identity means this server: its SteamID, its address with any port, or, for a
 * service that is no game server, the very string it asked for.
 */
export function isIdentityOfServer(
  identity: string | undefined,
  server: { readonly steamId: SteamId; readonly address: string; readonly requested: string | undefined },
): boolean {
  if (identity === undefined || identity === '') return true
  if (identity === server.requested) return true
  const [, steamId] = /^(?:steamid:)?(\d{17})$/.exec(identity) ?? []
  if (steamId !== undefined) return steamId === server.steamId
  const address = identity.replace(/^ip:/, '')
  return address === server.address || address.replace(/:\d+$/, '') === server.address
}
