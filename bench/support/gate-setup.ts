import { type Backend, createGate, type Gate, type GateOptions } from '@ticketgate/core'
import { benchAppId, benchIdentity } from './ticket-supply.ts'

// Limits are on but never reached: a bench is many players' logins from few addresses.
const limits = {
  attemptsPerAddress: { limit: 1_000_000, windowMs: 60_000 },
  loginsPerPlayer: { limit: 1_000_000, windowMs: 60_000 },
} satisfies Partial<GateOptions>

/** A gate as it comes: identity, replay guard, limits, deadlines, store, duplicates, bans. */
export function createDefaultGate(backend: Backend, options: Partial<GateOptions> = {}): Gate {
  return createGate({ ...limits, backend, identity: benchIdentity, ...options })
}

/**
 * A gate with everything on: beside what is on by itself, a ban list, a licence and a rule of the game's
 * own, family sharing refused, and a listener on every event.
 */
export function createFullGate(backend: Backend, options: Partial<GateOptions> = {}): Gate {
  const gate = createDefaultGate(backend, {
    familySharing: 'refuse',
    bans: { isBanned: () => false },
    requiredLicenses: [benchAppId],
    policies: [() => undefined],
    ...options,
  })
  for (const name of ['admitted', 'refused', 'left', 'ended', 'revoked', 'renewalRequested'] as const) {
    gate.on(name, ignore)
  }
  return gate
}

function ignore(): void {}
