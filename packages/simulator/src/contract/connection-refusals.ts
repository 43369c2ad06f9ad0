import type { GateOptions } from '@ticketgate/core'
import type { SimulatedAccount } from '../account.ts'
import type { SimulatedGameServer } from '../game-server/game-server.ts'
import type { SimulatedSteam } from '../steam.ts'
import type { MintTicketOptions } from '../ticket/create-ticket.ts'

/** What a case of refusal may turn before a player joins. */
export interface RefusalScene {
  readonly steam: SimulatedSteam
  readonly server: SimulatedGameServer
  readonly account: SimulatedAccount
}

export interface RefusalCase {
  readonly code: string
  readonly gate?: Partial<GateOptions>
  readonly ticket?: MintTicketOptions
  /** Runs once the ticket is made and before it is presented. */
  readonly spoil?: (scene: RefusalScene) => void
}

/** One way each to every class of "no" that a server without a cluster gives. */
export const refusalCases: readonly RefusalCase[] = [
  { code: 'ticket-wrong-kind', ticket: { kind: 'webapi', identity: 'contract' } },
  { code: 'ticket-wrong-app', ticket: { appId: 481 } },
  { code: 'ticket-invalid', spoil: ({ server }) => setFault(server, 'nextVerdict', 8) },
  { code: 'ticket-already-used', spoil: ({ server }) => setFault(server, 'nextVerdict', 7) },
  { code: 'identity-mismatch', ticket: { identity: 'somebody-else' } },
  { code: 'ticket-expired', spoil: ({ server }) => setFault(server, 'nextBeginResult', 5) },
  { code: 'duplicate-request', spoil: ({ server }) => setFault(server, 'nextBeginResult', 2) },
  { code: 'steam-offline', spoil: ({ account }) => account.goOffline() },
  { code: 'no-license', spoil: ({ account }) => account.loseLicense(480) },
  { code: 'vac-banned', spoil: ({ account }) => account.vacBan() },
  { code: 'publisher-banned', spoil: ({ account }) => account.publisherBan() },
  { code: 'logged-in-elsewhere', spoil: ({ server }) => setFault(server, 'nextVerdict', 4) },
  { code: 'vac-check-timed-out', spoil: ({ server }) => setFault(server, 'nextVerdict', 5) },
  { code: 'unknown-response', spoil: ({ server }) => setFault(server, 'nextVerdict', 99) },
  { code: 'backend-unavailable', spoil: ({ server }) => server.disconnect() },
  { code: 'policy-refused', gate: { policies: [() => ({ code: 'full', message: 'Full.', retryAfterMs: 5_000 })] } },
  { code: 'banned', gate: { bans: { isBanned: () => true } } },
  { code: 'internal-error', gate: { policies: [() => Promise.reject(new Error('a broken rule'))] } },
]

function setFault<Name extends keyof SimulatedGameServer['faults']>(
  server: SimulatedGameServer,
  name: Name,
  value: SimulatedGameServer['faults'][Name],
): void {
  server.faults[name] = value
}
