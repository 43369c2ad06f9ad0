import {
  AuthSessionResponse,
  type Clock,
  type Deadline,
  type Deadlines,
  monotonicNow,
  type SteamId,
} from '@ticketgate/core'
import { isFault } from './call.ts'
import { judgeBans } from './judge-bans.ts'
import type { WebApiFault } from './parse-answer.ts'
import type { BanRecord, BansAnswer, OwnershipAnswer } from './parse-recheck-answers.ts'
import { maxPlayersPerBansCall } from './questions.ts'
import type { FollowedSession, FollowedSessions } from './sessions.ts'

export interface RechecksOptions {
  readonly bansEveryMs: number | undefined
  readonly ownershipEveryMs: number | undefined
  readonly callsPerDay: number
  readonly sessions: FollowedSessions
  readonly clock: Clock
  readonly deadlines: Deadlines
  readonly isAvailable: () => boolean
  readonly askForBans: (steamIds: readonly SteamId[]) => Promise<BansAnswer>
  readonly askForOwnership: (session: FollowedSession) => Promise<OwnershipAnswer>
  /** A session is taken back with this EAuthSessionResponse. */
  readonly revoke: (session: FollowedSession, response: number) => void
  readonly warn: (reason: string, message: string) => void
}

type Kind = 'bans' | 'ownership'

const dayMs = 86_400_000
/** The first look at a newcomer's bans comes within this: what is found then is what they came with. */
const firstLookMs = 30_000
const kinds: readonly Kind[] = ['bans', 'ownership']

/**
 * Asks Steam again about players who are inside: bans for a hundred at a time, ownership one by one, in
 * turn, evenly spread, one question at once. There is one deadline while somebody is inside and none
 * otherwise. Whatever goes wrong is a warning and revokes nobody.
 */
export class Rechecks {
  readonly #options: RechecksOptions
  readonly #budgetMs: number
  /** Whose turn it is, first come first; those asked go to the end. */
  readonly #turns: Record<Kind, Set<FollowedSession>> = { bans: new Set(), ownership: new Set() }
  /** Those whose bans have not been looked at yet. */
  readonly #newcomers = new Set<FollowedSession>()
  readonly #dueAtMs: Record<Kind, number> = { bans: 0, ownership: 0 }
  #nextAllowedAtMs = 0
  #deadline: Deadline | undefined
  #armedForMs = 0
  #isAsking = false
  #isFailing = false
  #isSlow = false

  constructor(options: RechecksOptions) {
    this.#options = options
    this.#budgetMs = dayMs / options.callsPerDay
  }

  add(session: FollowedSession): void {
    const { bansEveryMs, clock } = this.#options
    const now = monotonicNow(clock)
    for (const kind of kinds) {
      if (this.#periodMs(kind) === undefined) continue
      this.#turns[kind].add(session)
      const dueAtMs = now + this.#spacingMs(kind)
      // More players, shorter steps.
      if (this.#turns[kind].size === 1 || dueAtMs < this.#dueAtMs[kind]) this.#dueAtMs[kind] = dueAtMs
    }
    if (bansEveryMs !== undefined) {
      this.#newcomers.add(session)
      this.#dueAtMs.bans = Math.min(this.#dueAtMs.bans, now + Math.min(bansEveryMs, firstLookMs))
    }
    this.#arm()
  }

  remove(session: FollowedSession): void {
    this.#turns.bans.delete(session)
    this.#turns.ownership.delete(session)
    this.#newcomers.delete(session)
    if (this.#turns.bans.size === 0 && this.#turns.ownership.size === 0) this.#disarm()
  }

  close(): void {
    this.#turns.bans.clear()
    this.#turns.ownership.clear()
    this.#newcomers.clear()
    this.#disarm()
  }

  #periodMs(kind: Kind): number | undefined {
    return kind === 'bans' ? this.#options.bansEveryMs : this.#options.ownershipEveryMs
  }

  /** Between two questions of a kind, so that everybody has had their turn within its period. */
  #spacingMs(kind: Kind): number {
    const perQuestion = kind === 'bans' ? maxPlayersPerBansCall : 1
    return this.#periodMs(kind)! / Math.max(1, Math.ceil(this.#turns[kind].size / perQuestion))
  }

  #nextKind(): Kind | undefined {
    const { bans, ownership } = this.#turns
    if (bans.size === 0) return ownership.size === 0 ? undefined : 'ownership'
    if (ownership.size === 0) return 'bans'
    return this.#dueAtMs.bans <= this.#dueAtMs.ownership ? 'bans' : 'ownership'
  }

  #arm(): void {
    const { clock, deadlines } = this.#options
    const kind = this.#nextKind()
    if (kind === undefined || this.#isAsking) return
    const dueAtMs = Math.max(this.#dueAtMs[kind], this.#nextAllowedAtMs)
    if (this.#deadline !== undefined && this.#armedForMs <= dueAtMs) return
    deadlines.cancel(this.#deadline)
    this.#armedForMs = dueAtMs
    this.#deadline = deadlines.add(Math.max(0, dueAtMs - monotonicNow(clock)), () => void this.#ask(kind))
  }

  #disarm(): void {
    this.#options.deadlines.cancel(this.#deadline)
    this.#deadline = undefined
  }

  async #ask(kind: Kind): Promise<void> {
    const { clock, isAvailable } = this.#options
    this.#deadline = undefined
    this.#isAsking = true
    const now = monotonicNow(clock)
    this.#warnWhenSlow(kind, now)
    if (isAvailable()) {
      this.#nextAllowedAtMs = now + this.#budgetMs
      await (kind === 'bans' ? this.#askForBans() : this.#askForOwnership())
    }
    this.#isAsking = false
    const spacingMs = this.#spacingMs(kind)
    const isUrgent = kind === 'bans' && this.#newcomers.size > 0
    this.#dueAtMs[kind] = now + (isUrgent ? Math.min(spacingMs, firstLookMs) : spacingMs)
    this.#arm()
  }

  async #askForBans(): Promise<void> {
    const asked = this.#takePlayers()
    const steamIds = new Set<SteamId>()
    for (const session of asked) steamIds.add(session.steamId).add(session.ownerSteamId)
    const answer = await this.#options.askForBans([...steamIds])
    if (this.#noteFailure(answer)) {
      for (const session of asked) {
        if (session.playerBans === undefined && this.#options.sessions.holds(session)) this.#newcomers.add(session)
      }
      return
    }
    if (isFault(answer)) return
    const records = new Map(answer.players.map((record) => [record.steamId, record]))
    for (const session of asked) this.#judge(session, records)
  }

  async #askForOwnership(): Promise<void> {
    const [session] = this.#turns.ownership
    if (session === undefined) return
    this.#toTheEnd('ownership', session)
    const answer = await this.#options.askForOwnership(session)
    if (this.#noteFailure(answer) || isFault(answer) || answer.ownsApp) return
    this.#revoke(session, AuthSessionResponse.NoLicenseOrExpired)
  }

  /** As many sessions as one question holds, newcomers first, owners of borrowed copies counted. */
  #takePlayers(): FollowedSession[] {
    const taken = new Set<FollowedSession>()
    let players = 0
    const take = (sessions: Iterable<FollowedSession>): void => {
      for (const session of sessions) {
        const needed = session.ownerSteamId === session.steamId ? 1 : 2
        if (taken.has(session) || players + needed > maxPlayersPerBansCall) return
        taken.add(session)
        players += needed
      }
    }
    take(this.#newcomers)
    take(this.#turns.bans)
    for (const session of taken) {
      this.#newcomers.delete(session)
      this.#toTheEnd('bans', session)
    }
    return [...taken]
  }

  #toTheEnd(kind: Kind, session: FollowedSession): void {
    this.#turns[kind].delete(session)
    this.#turns[kind].add(session)
  }

  #judge(session: FollowedSession, records: ReadonlyMap<SteamId, BanRecord>): void {
    const player = records.get(session.steamId)
    const owner = session.ownerSteamId === session.steamId ? undefined : records.get(session.ownerSteamId)
    const response =
      (player === undefined || session.playerBans === undefined ? 0 : judgeBans(session.playerBans, player)) ||
      (owner === undefined || session.ownerBans === undefined ? 0 : judgeBans(session.ownerBans, owner))
    // A ban that was lifted since makes the next one new again.
    session.playerBans = player ?? session.playerBans
    session.ownerBans = owner ?? session.ownerBans
    if (response !== 0) this.#revoke(session, response)
  }

  /** The answer may be about somebody who left meanwhile, or left and came anew. */
  #revoke(session: FollowedSession, response: number): void {
    if (!this.#options.sessions.holds(session)) return
    this.remove(session)
    this.#options.revoke(session, response)
  }

  /** Warns once an outage. */
  #noteFailure(answer: { readonly type: string }): boolean {
    if (!isFault(answer)) {
      this.#isFailing = false
      return false
    }
    const { code, detail } = answer as WebApiFault
    if (!this.#isFailing) this.#options.warn('recheck-failed', `a re-check was put off: ${code}, ${detail}`)
    this.#isFailing = true
    return true
  }

  #warnWhenSlow(kind: Kind, nowMs: number): void {
    const isSlow = this.#budgetMs > this.#spacingMs(kind) * 1.5 && nowMs >= this.#dueAtMs[kind]
    if (isSlow && !this.#isSlow) {
      this.#options.warn(
        'recheck-budget',
        `"recheck.callsPerDay" is too small for ${kind} of ${this.#turns[kind].size} players in time`,
      )
    }
    this.#isSlow ||= isSlow
  }
}
