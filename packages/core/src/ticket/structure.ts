import type { TicketProblem } from '../ports/backend.ts'
import { readUint16, readUint32, ticketLayout } from './layout.ts'
import { ticketProblems } from './problems.ts'

const { headerBytes, minOwnershipBytes, signatureBytes, offsets } = ticketLayout

/** High half of the SteamIDs of players: public universe, individual account, desktop instance. */
export const playerHighBits = 0x01100001

/**
 * Where a ticket ends by its own account: behind the signature. 0 when the header is not all there; may
 * lie behind the end of `bytes`.
 */
export function ticketEnd(bytes: Uint8Array): number {
  return bytes.length < headerBytes ? 0 : headerBytes + readUint32(bytes, offsets.restLength)
}

/**
 * Whether bytes hold a whole auth ticket whose lengths and fixed fields agree. Says nothing about what is
 * behind its end.
 *
 * @returns `undefined` when all is well.
 */
export function checkStructure(bytes: Uint8Array): TicketProblem | undefined {
  if (!beginsAsTicket(bytes)) return explainBytes(bytes)
  const { length } = bytes
  if (length >= 28 && readUint32(bytes, offsets.sessionHeaderLength) !== ticketLayout.sessionHeaderLength) {
    // Old emulators put the SteamID where the token belongs and fill up with anything.
    const highBits = readUint32(bytes, offsets.gcToken + 4)
    return highBits === playerHighBits ? ticketProblems['emulator-lookalike'] : ticketProblems.malformed
  }
  if (length < headerBytes + 8) return ticketProblems.truncated

  const restLength = readUint32(bytes, offsets.restLength)
  const ownershipLength = readUint32(bytes, offsets.ownershipLength)
  if (
    ownershipLength < minOwnershipBytes ||
    ownershipLength + signatureBytes !== restLength ||
    readUint32(bytes, offsets.sessionHeaderVersion) !== ticketLayout.sessionHeaderVersion ||
    readUint32(bytes, offsets.ownershipVersion) !== ticketLayout.ownershipVersion
  ) {
    return ticketProblems.malformed
  }
  if (headerBytes + restLength > length) return ticketProblems.truncated
  return endOfLists(bytes, headerBytes + ownershipLength) === headerBytes + ownershipLength
    ? undefined
    : ticketProblems.malformed
}

function beginsAsTicket(bytes: Uint8Array): boolean {
  // A beginning cut short after one byte still counts: it is a truncated ticket.
  return (
    bytes[0] === ticketLayout.tokenSectionLength &&
    (bytes.length < 2 || bytes[1] === 0) &&
    (bytes.length < 3 || bytes[2] === 0) &&
    (bytes.length < 4 || bytes[3] === 0)
  )
}

/** Where the lists of licences and DLC and the reserved field end; 0 when they go past `end` or are not as expected. */
function endOfLists(bytes: Uint8Array, end: number): number {
  let offset = offsets.licenseCount + 2 + 4 * readUint16(bytes, offsets.licenseCount)
  if (offset + 4 > end) return 0
  let dlcCount = readUint16(bytes, offset)
  offset += 2
  while (dlcCount-- > 0) {
    if (offset + 6 > end) return 0
    offset += 6 + 4 * readUint16(bytes, offset + 4)
  }
  if (offset + 2 > end || readUint16(bytes, offset) !== 0) return 0
  return offset + 2
}

// --- bytes that do not begin like an auth ticket ---

function explainBytes(bytes: Uint8Array): TicketProblem {
  if (isOwnershipTicket(bytes)) return ticketProblems['bare-ownership-ticket']
  if (encryptedTicketEnd(bytes) > 0) return ticketProblems['encrypted-app-ticket']
  return ticketProblems['not-a-ticket']
}

/** Whether bytes begin with an ownership part: length, version 4, a player's SteamID. */
function isOwnershipTicket(bytes: Uint8Array): boolean {
  return (
    bytes.length >= 16 &&
    readUint32(bytes, 0) >= minOwnershipBytes &&
    readUint32(bytes, 0) <= 0xffff &&
    readUint32(bytes, 4) === ticketLayout.ownershipVersion &&
    readUint32(bytes, 12) === playerHighBits
  )
}

/**
 * Where an encrypted app ticket ends, 0 when it is none. Its envelope is a protobuf message: 1 version, 2
 * checksum, 3 and 4 lengths, all varints, 5 the encrypted bytes. Serialisers write them in order.
 *
 * Source: `encrypted_app_ticket.proto` of steam-appticket.
 */
export function encryptedTicketEnd(bytes: Uint8Array): number {
  let offset = 0
  for (let tag = 0x08; tag <= 0x20; tag += 0x08) {
    if (bytes[offset] !== tag) {
      if (tag <= 0x10) return 0
      continue
    }
    const size = varintSize(bytes, offset + 1)
    if (size === 0) return 0
    offset += 1 + size
  }
  if (bytes[offset] !== 0x2a) return 0
  const size = varintSize(bytes, offset + 1)
  if (size === 0 || size > 3) return 0
  let length = 0
  for (let i = 0; i < size; i++) length |= ((bytes[offset + 1 + i] as number) & 0x7f) << (7 * i)
  const end = offset + 1 + size + length
  // AES blocks: one for the initial vector, at least one for the ticket.
  return length >= 32 && length % 16 === 0 && end <= bytes.length ? end : 0
}

/** Bytes of the varint at an offset: 1 to 5, or 0 when there is none. */
function varintSize(bytes: Uint8Array, offset: number): number {
  for (let size = 1; size <= 5; size++) {
    const byte = bytes[offset + size - 1]
    if (byte === undefined) return 0
    if (byte < 0x80) return size
  }
  return 0
}
