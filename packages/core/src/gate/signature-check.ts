import type { Clock } from '../ports/clock.ts'
import { monotonicNow } from '../time/monotonic-now.ts'
import type { SignaturePolicy } from './options.ts'

/**
 * Share of forged tickets from which a local check is worth its CPU: about where it costs less than calls over TLS, and
 * before strangers have spent much of the day's calls. See bench/signature-crossover.ts and docs/performance.md.
 */
const worthwhileShare = 0.25
/** Below this the check is switched off again. */
const idleShare = 0.1
/** Tickets over which the share is taken; older ones count half with every such number of newer ones. */
const memory = 64
const budgetPauseMs = 3_600_000

/**
 * Decides whether the next ticket's signature is checked before Steam is asked. The check costs more CPU
 * than it saves unless many tickets are forged, but Steam's call budget may be dearer than CPU.
 */
export class SignatureCheck {
  readonly #policy: SignaturePolicy
  readonly #takesTurns: boolean
  readonly #clock: Clock
  #seen = 0
  #forged = 0
  #isOn = false
  #budgetLowUntil = 0

  /**
   * @param takesTurns Whether begins of one player wait for each other, as those of an exclusive backend do:
   * then a ticket that is not Steam's would hold up the player it names, so the check always decides something.
   */
  constructor(policy: SignaturePolicy, takesTurns: boolean, clock: Clock) {
    this.#policy = policy
    this.#takesTurns = takesTurns
    this.#clock = clock
  }

  /** Whether to check a ticket for which nothing else decides. */
  get isDue(): boolean {
    if (this.#policy !== 'adaptive') return this.#policy === 'always'
    return (
      this.#takesTurns || this.#isOn || (this.#budgetLowUntil > 0 && this.#budgetLowUntil > monotonicNow(this.#clock))
    )
  }

  /** Notes how a ticket that looked whole turned out: forged means Steam or the signature said no. */
  note(forged: boolean): void {
    if (this.#seen >= memory) {
      this.#seen /= 2
      this.#forged /= 2
    }
    this.#seen++
    if (forged) this.#forged++
    // A handful says nothing about a share.
    if (this.#seen < memory / 4) return
    const share = this.#forged / this.#seen
    if (share >= worthwhileShare) this.#isOn = true
    else if (share < idleShare) this.#isOn = false
  }

  /** The backend's call budget runs low: for an hour no call is spent on a ticket that is not Steam's. */
  noteLowBudget(): void {
    this.#budgetLowUntil = monotonicNow(this.#clock) + budgetPauseMs
  }
}
