import { ticketLayout } from '@ticketgate/core/ticket'

const { headerBytes, offsets, steamPartBytes } = ticketLayout

/**
 * A copy of the ticket without what trails behind its end: Steam's client hands out Web API tickets in a buffer
 * of 2,560 bytes whose tail is whatever its memory held. Bytes of another shape are copied whole; the server
 * says what is wrong with them.
 */
export function trimTicket(bytes: Uint8Array): Uint8Array {
  // Not `slice`: that of a Buffer shares its memory, junk included.
  return new Uint8Array(bytes.subarray(0, endOf(bytes) ?? bytes.length))
}

function endOf(bytes: Uint8Array): number | undefined {
  if (bytes.length < headerBytes) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const isTicket =
    view.getUint32(offsets.tokenSectionLength, true) === ticketLayout.tokenSectionLength &&
    view.getUint32(offsets.sessionHeaderLength, true) === ticketLayout.sessionHeaderLength
  const end = headerBytes + view.getUint32(offsets.restLength, true)
  return isTicket && end >= ticketLayout.minTicketBytes && end <= bytes.length ? end : undefined
}

/** What "the same ticket again" is told by: all that Steam's servers are ever shown of it. */
export function keyOf(ticket: Uint8Array): string {
  return String.fromCharCode(...ticket.subarray(0, steamPartBytes))
}
