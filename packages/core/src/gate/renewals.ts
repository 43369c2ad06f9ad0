import { isNotAsked } from '../codes/backend-refusal.ts'
import type { Code } from '../codes/codes.ts'
import { createRefusal, type Refusal } from '../codes/refusal.ts'
import type { TicketMessage } from '../protocol/messages.ts'
import type { AdmissionRecord } from './admission-record.ts'
import type { GateContext } from './context.ts'
import type { Player } from './player.ts'
import { keepUnverified } from './provisional-entry.ts'
import { Verification, type Verified } from './verification.ts'

/** @internal Fresh tickets over live connections: who is asked, when, and what the answer does. */
export class Renewals {
  readonly #gate: GateContext

  constructor(gate: GateContext) {
    this.#gate = gate
  }

  /** Asks every connection that can renew. Whether any is being asked now. */
  askAll(player: Player, reason: Code | 'scheduled'): boolean {
    let asked = false
    for (const record of player.admissions()) {
      if (record.renew(reason) || record.isRenewing) asked = true
    }
    return asked
  }

  /** Sends `renew`, with an identity made for this renewal. */
  ask(record: AdmissionRecord, reason: Code | 'scheduled', timeoutMs: number): void {
    const { emitter, identity, backend } = this.#gate
    emitter.emit('renewalRequested', { admission: record, steamId: record.steamId, reason })
    const send = (issued: string): void => {
      if (record.state !== 'renewing') return
      record.expectedIdentity = issued
      record.connection?.send({
        ticketgate: 'renew',
        reason,
        deadlineMs: timeoutMs,
        apps: backend.appIds,
        kinds: backend.verifies,
        identity: issued,
        ...(backend.serverSteamId !== undefined && { serverSteamId: backend.serverSteamId }),
      })
    }
    const issued = identity.issue()
    if (typeof issued === 'string') send(issued)
    else {
      issued.then(send, (error: unknown) =>
        record.dispatch('timeout', createRefusal('internal-error', { cause: error })),
      )
    }
  }

  /** What shows the fresh ticket to everybody who must agree, to be started. */
  verification(record: AdmissionRecord, message: TicketMessage): Verification {
    return new Verification(
      this.#gate,
      {
        message,
        expectedIdentity: record.expectedIdentity,
        address: record.address,
        renewalOf: record.player,
        reading: undefined,
      },
      { onVerified: (result) => this.#onVerified(record, result) },
    )
  }

  /**
   * One fresh ticket is enough. Those of other connections are let go before an exclusive backend is shown the
   * next one, for which it would give this session up again.
   */
  settleOthers(player: Player, fingerprint: string): void {
    for (const record of player.admissions()) {
      const { verification } = record
      if (verification !== undefined && verification.reading?.fingerprint !== fingerprint) record.dispatch('renewed')
    }
  }

  #onVerified(record: AdmissionRecord, result: Verified | Refusal): void {
    if (!result.ok) {
      const isExcused = isNotAsked(result) && this.#gate.settings.whenUnavailable !== 'refuse'
      if (isExcused) keepUnverified(this.#gate, record.player)
      record.dispatch(isExcused ? 'excused' : 'failed', result)
      return
    }
    const { player } = record
    record.fingerprint = result.fingerprint
    record.dispatch('accepted')
    this.#gate.emitter.emit('renewed', {
      admission: record,
      steamId: record.steamId,
      fingerprint: record.fingerprint,
    })
    for (const other of player.admissions()) if (other !== record) other.renewed()
    this.schedule(player)
  }

  /** Starts the time until the next renewal that `renewEveryMs` asks for. */
  schedule(player: Player): void {
    const { renewEveryMs } = this.#gate.settings
    if (renewEveryMs === 0) return
    this.unschedule(player)
    // A tenth up or down, so that those who came together do not all renew together.
    const delayMs = renewEveryMs * (0.9 + Math.random() * 0.2)
    player.renewalAt = this.#gate.deadlines.add(delayMs, () => {
      this.askAll(player, 'scheduled')
      this.schedule(player)
    })
  }

  unschedule(player: Player): void {
    this.#gate.deadlines.cancel(player.renewalAt)
    player.renewalAt = undefined
  }
}
