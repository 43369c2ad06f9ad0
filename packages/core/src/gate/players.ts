import type { AuthSession, SessionEndReason } from '../authentication/auth-session.ts'
import type { Code } from '../codes/codes.ts'
import { createRefusal, type Refusal } from '../codes/refusal.ts'
import { codeFromAuthSessionResponse } from '../codes/steam-responses.ts'
import type { TicketReading } from '../ports/backend.ts'
import type { AppId, SteamId } from '../steam-id.ts'
import type { Admission } from './admission.ts'
import {
  type AdmissionFacts,
  AdmissionRecord,
  type Departure,
  type Entrance,
  SharedAdmissionRecord,
} from './admission-record.ts'
import type { GateContext } from './context.ts'
import type { GateEvents } from './events.ts'
import { Player } from './player.ts'
import { keepUnverified } from './provisional-entry.ts'
import { returningAmong } from './returning.ts'

/**
 * @internal Who is inside: every player with their auth session and their admissions. Everything that
 * begins or ends one of these passes here, so this is the file that tells where a session ends: in `#end`.
 */
export class Players {
  readonly #gate: GateContext
  readonly #players = new Map<SteamId, Player>()
  /** Ended for a newer ticket of the same player, which is good already or being verified. */
  readonly #replaced = new WeakSet<AuthSession>()
  /** By app; a gate knows few. */
  readonly #entrances = new Map<AppId, Entrance>()
  #serial = 0
  #admissions = 0

  constructor(gate: GateContext) {
    this.#gate = gate
  }

  get size(): number {
    return this.#players.size
  }

  /** Admissions in every state but `ended`. */
  get admissions(): number {
    return this.#admissions
  }

  get(steamId: SteamId): Player | undefined {
    return this.#players.get(steamId)
  }

  /** A copy, since whoever walks it may end players. */
  all(): Player[] {
    return [...this.#players.values()]
  }

  // --- coming in ---

  /** Takes a session over: the player has it from now on, and is pinned. */
  adopt(session: AuthSession): Player {
    const player = this.#players.get(session.user) ?? new Player(session.user)
    this.#players.set(session.user, player)
    player.pins++
    // In the moment since the verdict it may have been taken back, or replaced by a still newer one.
    const current = session.isEnded ? this.#gate.authentication.activeSessions.get(session.user) : session
    player.session = current
    player.provisional = undefined
    if (current !== undefined || this.#replaced.has(session)) {
      player.ownerSteamId = (current ?? session).owner
      player.revocation = undefined
    } else {
      player.revocation = createRefusal(
        session.response === 0 ? 'ticket-canceled' : codeFromAuthSessionResponse(session.response),
      )
    }
    return player
  }

  /** A player who enters without a verdict, pinned. */
  adoptProvisional(reading: TicketReading, steamId: SteamId, identity: string): Player {
    const player = new Player(steamId)
    this.#players.set(steamId, player)
    player.pins++
    player.provisional = { reading, identity, isAsking: false }
    keepUnverified(this.#gate, player)
    return player
  }

  /** A verification is done with the player, perhaps with a refusal; whoever has no place by now goes. */
  unpin(player: Player, refusal?: Refusal): void {
    player.pins--
    if (player.pins > 0) return
    if (player.first === undefined) this.#end(player, player.lastDeparture ?? refusal ?? 'left')
    else this.#endWhenHopeless(player)
  }

  /** A verified player gets a place, and policy `replace` clears the older ones. The caller attaches. */
  admit(player: Player, appId: AppId, facts: AdmissionFacts, reservationMs?: number): AdmissionRecord {
    const older = player.admissions()
    const record = this.#add(player, appId, facts, reservationMs)
    record.returned = older.length > 0 && older.every((each) => each.state === 'away')
    if (this.#gate.settings.duplicates === 'replace') {
      const replaced = createRefusal('replaced')
      // Who comes back from being away has not replaced anybody.
      for (const each of older) {
        if (each.state === 'away') each.dispatch('left')
        else each.dispatch('revoked', replaced)
      }
    } else {
      for (const each of returningAmong(older)) each.dispatch('left')
    }
    return record
  }

  /** A further place for a client that has one. */
  share(record: AdmissionRecord): Admission | Refusal {
    const { player } = record
    if (record.state === 'ended') return createRefusal('reservation-expired')
    if (this.#gate.isClosing) return createRefusal('server-closing')
    const { duplicates } = this.#gate.settings
    if (typeof duplicates === 'object' && player.present >= duplicates.share) {
      return createRefusal('too-many-admissions')
    }
    const { appId, fingerprint, address, login } = record
    const shared = this.#add(player, appId, { fingerprint, address, login })
    shared.oweAs(record)
    return shared
  }

  #add(player: Player, appId: AppId, facts: AdmissionFacts, reservationMs?: number): AdmissionRecord {
    const { login } = facts
    const entrance = this.#entranceOf(appId)
    const serial = ++this.#serial
    const record =
      login === undefined
        ? new AdmissionRecord(entrance, player, serial, facts, reservationMs)
        : new SharedAdmissionRecord(entrance, player, serial, { ...facts, login }, reservationMs)
    this.#admissions++
    player.lastDeparture = undefined
    player.add(record)
    return record
  }

  #entranceOf(appId: AppId): Entrance {
    let entrance = this.#entrances.get(appId)
    if (entrance === undefined) {
      entrance = { gate: this.#gate, appId }
      this.#entrances.set(appId, entrance)
    }
    return entrance
  }

  /** A connection took the place, for the first time or again. */
  arrived(record: AdmissionRecord): void {
    if (record.wasAdmitted) {
      this.#cameBack(record)
      return
    }
    record.noteAdmitted()
    const { emitter, logger, isLogging, renewals } = this.#gate
    const { steamId, fingerprint, address, appId } = record
    // Who is let in by another one's ticket has not shown Steam anything, and puts nothing off.
    const isByOwnTicket = !(record instanceof SharedAdmissionRecord)
    if (isByOwnTicket || record.player.renewalAt === undefined) renewals.schedule(record.player)
    if (isLogging) logger.info({ steamId, fingerprint, address, admission: record.id }, 'player admitted')
    emitter.emit('admitted', {
      admission: record,
      steamId,
      ownerSteamId: record.ownerSteamId,
      appId,
      fingerprint,
      address,
      returned: record.returned,
      provisional: record.provisional,
    })
  }

  #cameBack(record: AdmissionRecord): void {
    const { emitter, logger, isLogging } = this.#gate
    const { steamId, fingerprint } = record
    if (isLogging) logger.info({ steamId, fingerprint, admission: record.id }, 'player back')
    if (emitter.has('back')) emitter.emit('back', { admission: record, steamId, fingerprint })
  }

  // --- going out ---

  /** The connection broke, and the place is kept. */
  wentAway(record: AdmissionRecord, graceMs: number): void {
    // A connection that broke while it was told of its admission: nobody else has been told yet.
    if (!record.wasAdmitted) return
    const { emitter, logger, isLogging } = this.#gate
    const { steamId, fingerprint } = record
    if (isLogging) logger.info({ steamId, fingerprint, admission: record.id, graceMs }, 'player away')
    if (emitter.has('away')) emitter.emit('away', { admission: record, steamId, fingerprint, graceMs })
  }

  /** A place is free again. */
  released(record: AdmissionRecord, departure: Departure): void {
    const { player } = record
    this.#admissions--
    player.remove(record)
    const refusal = typeof departure === 'string' ? undefined : departure
    const { steamId } = record
    if (record.wasAdmitted) {
      const { emitter, logger, isLogging } = this.#gate
      if (isLogging) logger.info({ steamId, admission: record.id, reason: toReason(departure) }, 'player gone')
      emitter.emit('left', { admission: record, steamId, clean: departure === 'left', refusal })
    } else if (refusal !== undefined && !(record.isKept && refusal.code === 'replaced')) {
      // A place that was kept and never taken; not one whose player came in elsewhere, or in another way.
      const { fingerprint, address } = record
      this.#gate.logger.info({ code: refusal.code, fingerprint, steamId, address }, 'player refused')
      this.#gate.emitter.emit('refused', { refusal, fingerprint, address, steamId })
    }
    if (player.first !== undefined) {
      if (!player.hasLogin(record.login)) this.#gate.claims.outdate(player)
      this.#endWhenHopeless(player)
    } else if (player.pins === 0) this.#end(player, departure)
    else player.lastDeparture = departure
  }

  /** A session that was taken back, and no connection left that could renew it: the others go too. */
  #endWhenHopeless(player: Player): void {
    if (player.isAlive || player.pins > 0) return
    const records = player.admissions()
    if (records.some((each) => each.isRenewing)) return
    const refusal = player.revocation
    for (const each of records) if (each.state !== 'away') each.dispatch('revoked', refusal)
  }

  #end(player: Player, departure: Departure): void {
    if (this.#players.get(player.steamId) !== player) return
    this.#players.delete(player.steamId)
    this.#gate.renewals.unschedule(player)
    this.#gate.deadlines.cancel(player.retryAt)
    const { session } = player
    player.session = undefined
    player.provisional = undefined
    if (session !== undefined) {
      session.end()
      this.#gate.emitter.emit('ended', { steamId: player.steamId, reason: toReason(departure) })
    }
    this.#gate.claims.release(player)
  }

  /** Ends whatever is still held; the gate closes. */
  clear(refusal: Refusal): void {
    for (const player of this.all()) {
      for (const record of player.admissions()) record.dispatch('revoked', refusal)
    }
  }

  // --- taken back ---

  /** Puts a player out, or asks for a fresh ticket where policy has it so. */
  revoke(player: Player, refusal: Refusal, by: GateEvents['revoked']['by']): void {
    const { logger, emitter, settings, renewals } = this.#gate
    logger.info({ steamId: player.steamId, code: refusal.code, by }, 'session revoked')
    emitter.emit('revoked', { steamId: player.steamId, code: refusal.code, by })
    player.revocation = refusal
    this.#gate.claims.outdate(player)
    const isRenewable = by === 'steam' && settings.renewOn.has(refusal.code)
    if (isRenewable && renewals.askAll(player, refusal.code)) return
    for (const record of player.admissions()) {
      // A place that is away loses nothing by a cancelled ticket: whoever returns brings a fresh one.
      if (!isRenewable || record.state !== 'away') record.dispatch('revoked', refusal)
    }
    // A handshake of the same player that is nearly through must not undo what was decided.
    if ((by === 'operator' || by === 'node') && player.pins > 0 && player.session !== undefined) {
      const { session } = player
      player.session = undefined
      session.end()
      emitter.emit('ended', { steamId: player.steamId, reason: refusal.code })
    }
  }

  /** The session was given up for a ticket that then turned out bad: the player's own client is asked. */
  interrupt(player: Player): void {
    if (player.session !== undefined || player.provisional !== undefined) return
    player.revocation ??= createRefusal('ticket-canceled')
    if (player.first !== undefined && !this.#gate.renewals.askAll(player, 'ticket-canceled'))
      this.#endWhenHopeless(player)
  }

  /** One that takes the place of a replaced one is the player's at once, before its verification adopts it. */
  onSessionBegun(session: AuthSession): void {
    const player = this.#players.get(session.user)
    if (player === undefined) return
    if (player.isAlive && player.session === undefined && player.provisional === undefined) {
      player.session = session
      player.ownerSteamId = session.owner
    }
    this.#gate.renewals.settleOthers(player, session.fingerprint)
  }

  /** `Authentication` says that a session is over. Those that were ended here are not ours any more by now. */
  onSessionEnded(session: AuthSession, reason: SessionEndReason): void {
    if (reason === 'replaced') this.#replaced.add(session)
    const player = this.#players.get(session.user)
    if (player === undefined || player.session !== session) return
    player.session = undefined
    if (reason === 'replaced') {
      this.#gate.emitter.emit('ended', { steamId: session.user, reason: 'renewed' })
      return
    }
    const isLocal = reason === 'ended' || reason === 'closed'
    const { isClosing } = this.#gate
    const code: Code = isLocal ? (isClosing ? 'server-closing' : 'kicked') : reason
    this.#gate.emitter.emit('ended', { steamId: session.user, reason: code })
    if (isLocal && isClosing) player.revocation = createRefusal(code)
    else this.revoke(player, createRefusal(code), isLocal ? 'operator' : 'steam')
  }
}

function toReason(departure: Departure): GateEvents['ended']['reason'] {
  return typeof departure === 'string' ? departure : departure.code
}
