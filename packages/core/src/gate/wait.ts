import type { Code } from '../codes/codes.ts'
import type { Deadline } from '../time/deadlines.ts'
import type { Verification } from './verification.ts'

/** A fresh ticket that a client was asked for and has not brought yet. */
export interface OwedTicket {
  readonly reason: Code | 'scheduled'
  /**
   * When it was asked for, in milliseconds of a clock that is never set back; `undefined` while the client is away, whose
   * time does not run.
   */
  readonly askedAtMs: number | undefined
  /** How long the client has from then on, in milliseconds. */
  readonly timeoutMs: number
}

/**
 * @internal What an admission needs while something is awaited: its connection, a fresh ticket, a verdict, the
 * player's return. Most of the time nothing is, so this is an object of its own that comes and goes.
 */
export class Wait {
  deadline: Deadline | undefined
  /** Whether the admission takes up a session that was in its grace. */
  returned = false
  /** Whether the place waits for whoever brings its pass. */
  isKept = false
  /** Called once when the reserved place is taken or lost. */
  onTaken: (() => void) | undefined
  /** The identity of the `renew` that went out last. */
  expectedIdentity: string | undefined
  owed: OwedTicket | undefined
  verification: Verification | undefined

  constructor(deadline: Deadline | undefined) {
    this.deadline = deadline
  }
}
