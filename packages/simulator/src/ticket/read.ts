import { createHash, type KeyObject, verify } from 'node:crypto'
import type { SteamId } from '@ticketgate/core'
import { headLength, signatureLength } from './layout.ts'

/** What simulated Steam reads in a ticket that somebody shows. Written apart from core's reader on purpose: each is the other's witness. */
export interface ShownTicket {
  readonly type: number
  /** The SteamID of the unsigned half. */
  readonly issuer: SteamId
  readonly version: number
  /** The SteamID of the signed half. */
  readonly steamId: SteamId
  readonly appId: number
  readonly expiresSeconds: number
  /** Where the ticket ends; what follows is junk. */
  readonly length: number
  /** Digest of the first 52 bytes: what Steam knows the ticket by. */
  readonly head: string
  readonly ownership: Uint8Array
  readonly signature: Uint8Array
}

/** Reads a ticket's bytes; `undefined` when they are not laid out as one. */
export function readShownTicket(bytes: Uint8Array): ShownTicket | undefined {
  if (bytes.length < headLength + 4 + 46 + signatureLength) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint32(0, true) !== 20 || view.getUint32(24, true) !== 24) return undefined
  const restLength = view.getUint32(headLength, true)
  const ownershipLength = view.getUint32(headLength + 4, true)
  const length = headLength + 4 + restLength
  if (length > bytes.length || ownershipLength < 46 || ownershipLength + signatureLength !== restLength) {
    return undefined
  }
  return {
    type: view.getUint32(32, true),
    issuer: view.getBigUint64(12, true).toString(),
    version: view.getUint32(60, true),
    steamId: view.getBigUint64(64, true).toString(),
    appId: view.getUint32(72, true),
    expiresSeconds: view.getUint32(92, true),
    length,
    head: digestHead(bytes),
    ownership: bytes.subarray(headLength + 4, headLength + 4 + ownershipLength),
    signature: bytes.subarray(length - signatureLength, length),
  }
}

/** The name that Steam knows a ticket by. A digest, so that no list of them holds a ticket byte. */
export function digestHead(ticket: Uint8Array): string {
  return createHash('sha256').update(ticket.subarray(0, headLength)).digest('base64url')
}

/** Whether the ownership half carries this key's signature. */
export function isSignedBy(ticket: ShownTicket, key: KeyObject): boolean {
  return verify('RSA-SHA1', ticket.ownership, key, ticket.signature)
}
