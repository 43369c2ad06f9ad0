// Reading Steam's tickets, without any cryptography of its own: the hash and the signature check are handed
// in, so that this runs wherever core does.

export { type DecodedTicketText, decodeTicketText, type TicketTextForm } from './ticket/decode-text.ts'
export type { InspectedTicket, TicketDlc } from './ticket/inspected-ticket.ts'
export {
  createTicketInspector,
  type TicketInspector,
  type TicketInspectorOptions,
} from './ticket/inspector.ts'
export { ticketLayout } from './ticket/layout.ts'
export { type TicketProblemCode, ticketProblems } from './ticket/problems.ts'
export { steamPublicKey } from './ticket/steam-public-key.ts'
