import type { Authentication } from '../authentication/authentication.ts'
import type { Emitter } from '../events/emitter.ts'
import type { Backend } from '../ports/backend.ts'
import type { Clock } from '../ports/clock.ts'
import type { Logger } from '../ports/logger.ts'
import type { Store } from '../ports/store.ts'
import type { Deadlines } from '../time/deadlines.ts'
import type { BackgroundWork } from './background-work.ts'
import type { GateEvents } from './events.ts'
import type { IdentityIssuer } from './identity.ts'
import type { NodeClaims } from './node-claims.ts'
import type { PlayerTurns } from './player-turns.ts'
import type { Players } from './players.ts'
import type { RateLimiter } from './rate-limiter.ts'
import type { Renewals } from './renewals.ts'
import type { GateSettings } from './settings.ts'
import type { SignatureCheck } from './signature-check.ts'

/** @internal What the parts of one gate share. Nothing of it lives outside the gate. */
export interface GateContext {
  readonly settings: GateSettings
  readonly backend: Backend
  readonly authentication: Authentication
  readonly store: Store
  readonly logger: Logger
  /** Whether anybody reads what is logged; saves what every player who comes and goes would be written up with. */
  readonly isLogging: boolean
  readonly clock: Clock
  readonly deadlines: Deadlines
  readonly emitter: Emitter<GateEvents>
  readonly identity: IdentityIssuer
  readonly signature: SignatureCheck
  /** Tickets that Steam refused, by address. */
  readonly rejections: RateLimiter | undefined
  /** Verified logins by player. */
  readonly logins: RateLimiter | undefined
  /** Short and random, so that ids of two gates differ in logs. */
  readonly name: string
  readonly players: Players
  /** Where the backend is exclusive. */
  readonly turns: PlayerTurns | undefined
  readonly claims: NodeClaims
  readonly renewals: Renewals
  readonly isClosing: boolean
  /** What closing waits for. */
  readonly work: BackgroundWork
}
