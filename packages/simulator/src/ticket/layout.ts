import { type KeyObject, sign } from 'node:crypto'
import type { SteamId } from '@ticketgate/core'

/** The number in a ticket's session header that tells its kind. */
export const ticketTypes = Object.freeze({ session: 2, webapi: 5 })

/** Everything that stands in a ticket before the signature. Times are in seconds since 1970. */
export interface TicketFields {
  /** 8 bytes, dealt out by Steam to a logged-on client in advance. */
  readonly gcToken: Uint8Array
  /** Who the token was dealt to: the SteamID in the unsigned half, at offset 12. */
  readonly issuer: SteamId
  readonly tokenTimeSeconds: number
  /** 2 session, 5 Web API; see {@link ticketTypes}. */
  readonly type: number
  /** 8 random bytes where two addresses stood until about 2021. */
  readonly nonce: Uint8Array
  readonly clientClockMs: number
  /** Tickets made in this Steam session so far. */
  readonly counter: number
  readonly version: number
  /** Who owns what follows: the SteamID in the signed half, at offset 64. */
  readonly steamId: SteamId
  readonly appId: number
  /** IPv4 as a number, as Steam saw it; in the signed half. */
  readonly externalIp: number
  readonly internalIp: number
  readonly flags: number
  readonly generatedSeconds: number
  readonly expiresSeconds: number
  /** Package ids. */
  readonly licenses: readonly number[]
  readonly dlc: readonly { readonly appId: number; readonly licenses: readonly number[] }[]
}

/** What the signature covers. */
export type OwnershipFields = Omit<
  TicketFields,
  'gcToken' | 'issuer' | 'tokenTimeSeconds' | 'type' | 'nonce' | 'clientClockMs' | 'counter'
>

/** Length of the part that Steam knows a ticket by; sections of 4 + 20 and 4 + 24 bytes. */
export const headLength = 52
export const signatureLength = 128

/** Writes the first 52 bytes: the token section and the session header. Little endian throughout. */
export function writeHead(fields: TicketFields): Uint8Array {
  const bytes = new Uint8Array(headLength)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, 20, true)
  bytes.set(fields.gcToken.subarray(0, 8), 4)
  view.setBigUint64(12, BigInt(fields.issuer), true)
  view.setUint32(20, fields.tokenTimeSeconds, true)
  view.setUint32(24, 24, true)
  view.setUint32(28, 1, true)
  view.setUint32(32, fields.type, true)
  bytes.set(fields.nonce.subarray(0, 8), 36)
  view.setUint32(44, fields.clientClockMs >>> 0, true)
  view.setUint32(48, fields.counter, true)
  return bytes
}

/** Writes the ownership ticket, its own length first: what the signature covers. */
export function writeOwnership(fields: OwnershipFields): Uint8Array {
  const dlcLength = fields.dlc.reduce((sum, { licenses }) => sum + 6 + 4 * licenses.length, 0)
  const bytes = new Uint8Array(46 + 4 * fields.licenses.length + dlcLength)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, bytes.length, true)
  view.setUint32(4, fields.version, true)
  view.setBigUint64(8, BigInt(fields.steamId), true)
  view.setUint32(16, fields.appId, true)
  view.setUint32(20, fields.externalIp, true)
  view.setUint32(24, fields.internalIp, true)
  view.setUint32(28, fields.flags, true)
  view.setUint32(32, fields.generatedSeconds, true)
  view.setUint32(36, fields.expiresSeconds, true)
  let at = 40
  const u16 = (value: number) => {
    view.setUint16(at, value, true)
    at += 2
  }
  const u32 = (value: number) => {
    view.setUint32(at, value, true)
    at += 4
  }
  u16(fields.licenses.length)
  for (const license of fields.licenses) u32(license)
  u16(fields.dlc.length)
  for (const dlc of fields.dlc) {
    u32(dlc.appId)
    u16(dlc.licenses.length)
    for (const license of dlc.licenses) u32(license)
  }
  u16(0)
  return bytes
}

/** Signs an ownership ticket as Steam does: RSA, SHA-1, PKCS #1 v1.5. The same bytes give the same signature. */
export function signOwnership(ownership: Uint8Array, key: KeyObject): Uint8Array {
  return sign('RSA-SHA1', ownership, key)
}

/** Joins the parts of a ticket. */
export function assembleTicket(head: Uint8Array, ownership: Uint8Array, signature: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(head.length + 4 + ownership.length + signature.length)
  bytes.set(head)
  new DataView(bytes.buffer).setUint32(head.length, ownership.length + signature.length, true)
  bytes.set(ownership, head.length + 4)
  bytes.set(signature, head.length + 4 + ownership.length)
  return bytes
}
