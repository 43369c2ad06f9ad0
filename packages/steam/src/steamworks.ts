// Tickets of Steam's own client, for the process that has it: Node, NW.js, Electron's main process. No module of
// Node is behind this entry, and neither is the Web API.

export type {
  SteamworksClient,
  SteamworksFfiAnswer,
  SteamworksFfiClient,
  SteamworksTicket,
} from './steamworks/clients.ts'
export type { SteamworksTicketOptions } from './steamworks/options.ts'
export { createSteamworksTicketSource, type SteamworksTicketSource } from './steamworks/ticket-source.ts'
