// --- ids and tickets ---
export type { InspectedTicket, TicketDlc, TicketInspector, TicketProblemCode } from '@ticketgate/core/ticket'
export { steamPublicKey } from '@ticketgate/core/ticket'
export { type ParsedSteamId, SteamId } from './steam-id.ts'
export { type InspectTicketOptions, inspectTicket } from './ticket/inspect-ticket.ts'
export { createSteamTicketInspector, type SteamTicketInspectorOptions } from './ticket/inspector.ts'
// --- the Web API backend ---
export type {
  BreakerOptions,
  CallDispatcher,
  CallPolicy,
  RecheckOptions,
  SteamWebApiOptions,
  WebApiApp,
  WebApiKey,
} from './web-api/options.ts'
export { steamWebApi } from './web-api/steam-web-api.ts'
