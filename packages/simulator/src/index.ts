// --- steam ---
export type { ClientFaults, CreateAccountOptions, SimulatedAccount, SimulatedClient } from './account.ts'
export type { ClientOptions } from './client.ts'
export { simulatorPrivateKey, simulatorPublicKey } from './key-pair.ts'
export {
  type AppOptions,
  createSimulatedSteam,
  type SimulatedSteam,
  type SimulatedSteamOptions,
} from './steam.ts'
export type { AccountFacts, Operation, TicketFacts } from './world/operations.ts'
// --- tickets ---
export type { MintTicketOptions, SimulatedTicket } from './ticket/create-ticket.ts'
export { type TicketFields, ticketTypes } from './ticket/layout.ts'
export { malformedVariants, type TicketVariant, type TicketVariantName } from './ticket/variants.ts'
// --- game servers ---
export type { SimulatedGameServer } from './game-server/game-server.ts'
export type { Ledger, LedgerEntry } from './game-server/ledger.ts'
export type { GameServerFaults, GameServerOptions, HandmadeVerdict } from './game-server/options.ts'
// --- web api ---
export type { FaultScope, WebApiEndpoint, WebApiFault, WebApiFaults } from './web-api/faults.ts'
export type { LoggedRequest } from './web-api/request-log.ts'
export type { SimulatedWebApi, WebApiOptions } from './web-api/web-api.ts'
// --- native ---
export { type CompileOptions, compileSteamClient } from './native/compile.ts'
export { readJournal } from './native/journal.ts'
export type { AddressedEntry, AttachedEntry, JournalEntry, PublicEntry } from './native/journal-entries.ts'
export type { NativeClient } from './native/native-client.ts'
export type { NativeGameServer, NativeServerState } from './native/native-game-server.ts'
export type { NativeSteam } from './native/native-steam.ts'
export type { NativeClientFaults, NativeServerFaults, NativeSteamOptions } from './native/options.ts'
