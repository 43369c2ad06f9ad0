// The whole contract between the half that has Steam's client and the half that plays, whatever carries it:
// Electron's IPC, a MessagePort, the channel of a child process. One question, one answer, plain values only.

import { type AppId, isAppId, type SteamId, type TicketKind } from '@ticketgate/core'
import type { TicketRequest } from '@ticketgate/core/client'

/** What the playing half may ask, and nothing else. */
export type BridgeQuestion =
  | { readonly ticketgate: 'kinds' }
  /** A ticket for a server's hello. `id` is the asker's, good once, and names the ticket from here on. */
  | { readonly ticketgate: 'get'; readonly id: number; readonly request: TicketRequest }
  /** The ticket is over, whether it has come or not. */
  | { readonly ticketgate: 'cancel'; readonly id: number }

export interface KindsAnswer {
  readonly ok: true
  readonly kinds: readonly TicketKind[]
  readonly appIds?: readonly AppId[]
}

/** A ticket in base64url; text, because not every channel carries bytes. */
export interface TicketAnswer {
  readonly ok: true
  readonly data: string
}

export interface FailedAnswer {
  readonly ok: false
  readonly message: string
}

export type BridgeAnswer = KindsAnswer | TicketAnswer | { readonly ok: true } | FailedAnswer

/** Steam takes no longer identity: 127 bytes. */
const maxIdentityLength = 127
/** More than Steam's longest ticket in base64url. */
const maxDataLength = 16_384
const maxMessageLength = 1_000
const ticketKinds: readonly unknown[] = ['webapi', 'session', 'encrypted']

/** Reads what a stranger sent; `undefined` for everything that is no question. */
export function parseQuestion(value: unknown): BridgeQuestion | undefined {
  if (!isRecord(value)) return undefined
  if (value.ticketgate === 'kinds') return { ticketgate: 'kinds' }
  const { ticketgate, id } = value
  if (!Number.isSafeInteger(id) || (id as number) < 1) return undefined
  if (ticketgate === 'cancel') return { ticketgate, id: id as number }
  if (ticketgate !== 'get') return undefined
  const request = parseRequest(value.request)
  return request && { ticketgate, id: id as number, request }
}

function parseRequest(value: unknown): TicketRequest | undefined {
  if (!isRecord(value)) return undefined
  const { kind, appId, identity, serverSteamId } = value
  if (!isTicketKind(kind) || !isAppId(appId)) return undefined
  if (typeof identity !== 'string' || identity.length > maxIdentityLength) return undefined
  if (serverSteamId === undefined) return { kind, appId, identity }
  return isDigits(serverSteamId) ? { kind, appId, identity, serverSteamId } : undefined
}

/** Reads the answer to `kinds`; throws what the other half said, or that it said something else. */
export function readKindsAnswer(value: unknown): KindsAnswer {
  const { kinds, appIds } = readAnswer(value)
  if (!Array.isArray(kinds) || !kinds.every(isTicketKind)) throw notAnAnswer()
  if (appIds === undefined) return { ok: true, kinds }
  if (!Array.isArray(appIds) || !appIds.every(isAppId)) throw notAnAnswer()
  return { ok: true, kinds, appIds }
}

/** The same for the answer to `get`. */
export function readTicketAnswer(value: unknown): TicketAnswer {
  const { data } = readAnswer(value)
  if (typeof data !== 'string' || data.length === 0 || data.length > maxDataLength) throw notAnAnswer()
  return { ok: true, data }
}

function readAnswer(value: unknown): Record<string, unknown> {
  if (!isRecord(value)) throw notAnAnswer()
  if (value.ok === true) return value
  const { ok, message } = value
  if (ok !== false || typeof message !== 'string') throw notAnAnswer()
  throw new Error(message.slice(0, maxMessageLength))
}

function notAnAnswer(): Error {
  return new Error('the half that has Steam answered something that is no answer')
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isTicketKind(value: unknown): value is TicketKind {
  return ticketKinds.includes(value)
}

/** A game server's SteamID is no individual account's, so only its spelling is checked. */
function isDigits(value: unknown): value is SteamId {
  return typeof value === 'string' && /^[0-9]{17}$/.test(value)
}
