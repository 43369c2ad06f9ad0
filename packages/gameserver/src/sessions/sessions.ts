import type { SteamId, Verdict } from '@ticketgate/core'
import { isSteamId } from '@ticketgate/core'
import { holdProcess } from '../process/hold-process.ts'

interface Session {
  readonly steamId: SteamId
  readonly nativeId: bigint
  /** Whether Steam still owes the first verdict. */
  isWaiting: boolean
}

/** A verdict as callback 143 brings it, ids in halves. */
export interface RawVerdict {
  readonly idLow: number
  readonly idHigh: number
  readonly response: number
  readonly ownerLow: number
  readonly ownerHigh: number
}

// The upper half of every player's SteamID: public universe, individual account, desktop instance.
const playerHigh = 0x0110_0001

/**
 * The sessions that Steam holds open for this server, and the count of them. While a first verdict is outstanding, the
 * process has a reason to live.
 */
export class Sessions {
  /** By account number, the lower half of a SteamID: what a verdict is matched by without making text of it. */
  readonly #open = new Map<number, Session>()
  #waiting = 0
  #releaseProcess: (() => void) | undefined
  #begun = 0
  #ended = 0
  #strayVerdicts = 0
  #malformedVerdicts = 0

  get begun(): number {
    return this.#begun
  }

  get ended(): number {
    return this.#ended
  }

  get open(): number {
    return this.#open.size
  }

  /** Those whose first verdict is outstanding. */
  get waiting(): number {
    return this.#waiting
  }

  get strayVerdicts(): number {
    return this.#strayVerdicts
  }

  get malformedVerdicts(): number {
    return this.#malformedVerdicts
  }

  has(steamId: SteamId): boolean {
    return this.#open.has(accountOf(BigInt(steamId)))
  }

  /** Steam has opened a session. */
  begin(steamId: SteamId, nativeId: bigint): void {
    this.#begun++
    this.#waiting++
    this.#releaseProcess ??= holdProcess()
    this.#open.set(accountOf(nativeId), { steamId, nativeId, isWaiting: true })
  }

  /** Forgets a session. Returns the id to end it by at Steam; `undefined` when there is none. */
  end(steamId: SteamId): bigint | undefined {
    if (!isSteamId(steamId)) return undefined
    const account = accountOf(BigInt(steamId))
    const session = this.#open.get(account)
    if (session === undefined) return undefined
    this.#open.delete(account)
    this.#forget(session)
    return session.nativeId
  }

  /** Forgets all. Returns the ids to end them by. */
  endAll(): bigint[] {
    const sessions = [...this.#open.values()]
    this.#open.clear()
    for (const session of sessions) this.#forget(session)
    return sessions.map(({ nativeId }) => nativeId)
  }

  #forget(session: Session): void {
    this.#ended++
    this.#decided(session)
  }

  #decided(session: Session): void {
    if (!session.isWaiting) return
    session.isWaiting = false
    if (--this.#waiting > 0) return
    this.#releaseProcess?.()
    this.#releaseProcess = undefined
  }

  /** Takes a verdict down. Returns it in our terms; `undefined` when it makes no sense. */
  take({ idLow, idHigh, response, ownerLow, ownerHigh }: RawVerdict): Verdict | undefined {
    if (idHigh !== playerHigh || idLow === 0) {
      this.#malformedVerdicts++
      return undefined
    }
    const session = this.#open.get(idLow)
    if (session === undefined) this.#strayVerdicts++
    else this.#decided(session)
    const steamId = session?.steamId ?? toText(idLow, idHigh)
    const isOwn = (ownerLow === idLow && ownerHigh === idHigh) || (ownerLow === 0 && ownerHigh === 0)
    return { steamId, ownerSteamId: isOwn ? steamId : toText(ownerLow, ownerHigh), response }
  }

  /** A verdict of a size that cannot be. */
  countMalformed(): void {
    this.#malformedVerdicts++
  }
}

function accountOf(nativeId: bigint): number {
  return Number(BigInt.asUintN(32, nativeId))
}

function toText(low: number, high: number): SteamId {
  return ((BigInt(high) << 32n) | BigInt(low)).toString()
}
