import { createRefusal, type GateDoor, isRefusal, type PassHolder, type Refusal } from '@ticketgate/core'
import { answerRefusal } from './answers.ts'

/** Whom a request's pass stands for, or the answer to give instead. */
export type PassGuard = (request: { readonly headers: Headers }) => Promise<PassHolder | Response>

/**
 * A guard for ordinary HTTP routes: `Authorization: Bearer <pass>`. A pass counts as long as the login behind it
 * lives, and is not used up.
 *
 * @example
 * const guard = requirePass(gate)
 * const holder = await guard(request)
 * if (holder instanceof Response) return holder
 *
 * @throws TypeError for a gate that was made without `passes`.
 */
export function requirePass(gate: GateDoor): PassGuard {
  checkGate(gate)
  return async function checkRequest({ headers }) {
    const outcome = await checkAuthorization(gate, headers.get('authorization') ?? undefined)
    return outcome.ok ? outcome : answerUnauthorized(outcome)
  }
}

/** @internal */
export function checkGate(gate: GateDoor): void {
  if (typeof gate?.checkPass !== 'function') throw new TypeError('"gate" must be a gate')
  if (!gate.canExchange) throw new TypeError('"gate" must be made with "passes"')
}

/** @internal Checks an `Authorization` header. */
export async function checkAuthorization(
  gate: GateDoor,
  authorization: string | undefined,
): Promise<PassHolder | Refusal> {
  // RFC 6750, section 2.1: one token, and a scheme that is not case-sensitive.
  const pass = /^bearer +([\w.~+/-]+=*) *$/i.exec(authorization ?? '')?.[1]
  if (pass === undefined) return missing
  try {
    return await gate.checkPass(pass)
  } catch (error) {
    // A gate does not reject; whatever this is, nobody gets in by it.
    return createRefusal('internal-error', { cause: error })
  }
}

/** @internal */
export function answerUnauthorized(refusal: Refusal): Response {
  // RFC 6750, section 3.1: a request without any pass is told no error.
  return answerRefusal(refusal, { challenge: refusal === missing ? 'Bearer' : 'Bearer error="invalid_token"' })
}

const missing = createRefusal('pass-invalid', { message: 'Please join first: this needs a pass.' })

/** A request on which a mount has put the holder of its pass. */
export interface WithPassHolder {
  passHolder?: PassHolder
}

/**
 * Whom the pass of a guarded request stands for.
 *
 * @throws TypeError for a request that no guard has let through: the route is open to everybody.
 */
export function holderOf(request: object): PassHolder {
  const { passHolder } = request as WithPassHolder
  if (passHolder === undefined || isRefusal(passHolder)) throw new TypeError('"request" came past no guard of passes')
  return passHolder
}
