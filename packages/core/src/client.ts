// The client half: no Node module behind it, so it loads in browsers.

// --- the handshake ---
export { ClientHandshake } from './client/client-handshake.ts'
export type {
  ClientAdmission,
  ClientHandshakeOptions,
  ClientTransport,
} from './client/client-handshake-options.ts'
export { requireClientOptions } from './client/client-options.ts'
export { type FetchedTicket, type FetchTicketOptions, fetchTicket } from './client/fetch-ticket.ts'
export { type HeldTicket, requestTicket, type WantedTicket } from './client/held-ticket.ts'
export { onPageEnd } from './client/page-end.ts'
export {
  type ClientTicket,
  createTicketSource,
  type TicketIssuer,
  type TicketRequest,
  type TicketSource,
} from './client/ticket-source.ts'

// --- codes ---
export { type Code, type CodeEntry, codeFromCloseCode, codes, type Fault, isCode } from './codes/codes.ts'
export { createRefusal, isRefusal, type Refusal, type RefusalOptions } from './codes/refusal.ts'

// --- the protocol, as a client sees it ---
export { textToBase64Url, toBase64Url } from './protocol/base64url.ts'
export { encodeMessage } from './protocol/encode.ts'
export { refusalFromBody, refusalFromClose, toRefusal } from './protocol/from-refused.ts'
export type {
  AdmittedMessage,
  ClientMessage,
  EndedMessage,
  HelloMessage,
  RefusedMessage,
  RenewMessage,
  ServerMessage,
  TicketMessage,
} from './protocol/messages.ts'
export { messagePrefix, protocolVersion } from './protocol/messages.ts'
export { isTicketgateMessage } from './protocol/parse.ts'
export { checkServerMessage, maxServerMessageBytes, parseServerMessage } from './protocol/parse-server.ts'

// --- options ---
export { requireInteger } from './options.ts'

// --- ports ---
export type { TicketKind } from './ports/backend.ts'
export { type Clock, systemClock } from './ports/clock.ts'
export type { AppId, SteamId } from './steam-id.ts'
