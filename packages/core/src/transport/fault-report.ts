import { createRefusal, type Refusal } from '../codes/refusal.ts'
import type { Logger } from '../ports/logger.ts'

/** Tells a fault, and answers what the peer is refused with. */
export type FaultReport = (message: string, error: unknown) => Refusal

/**
 * For what functions of an application throw at a stranger's request: the stranger is refused with `internal-error`, the
 * application is told, and the process lives. As an uncaught error any header that a function does not expect would end it.
 *
 * @param logger Told of all, at level `error`. Without one the first is printed and no other, or strangers could fill the disk.
 */
export function createFaultReport(logger: Logger | undefined): FaultReport {
  let hasPrinted = false
  return function reportFault(message, error) {
    if (logger !== undefined) logger.error({ err: error }, message)
    else if (!hasPrinted) {
      hasPrinted = true
      console.error(`ticketgate: ${message} (told once; give the guard a "logger" to hear of all)`, error)
    }
    return createRefusal('internal-error')
  }
}

/**
 * Asks an application's `address` for the address of a peer. What it throws, and whatever is no address, is reported.
 *
 * @returns the address, `undefined` for none, or the refusal that the fault comes to.
 */
export function askAddress<Subject>(
  address: (subject: Subject) => string | undefined,
  subject: Subject,
  report: FaultReport,
): string | undefined | Refusal {
  try {
    const answer: unknown = address(subject)
    if (answer === undefined || typeof answer === 'string') return answer
    throw new TypeError(`"address" must answer a string or undefined, got ${typeof answer}`)
  } catch (error) {
    return report('the function "address" failed', error)
  }
}
