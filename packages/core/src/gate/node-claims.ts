import { createRefusal, type Refusal } from '../codes/refusal.ts'
import type { Awaitable } from '../ports/backend.ts'
import type { Announcement, ClaimAnswer } from '../ports/store.ts'
import type { SteamId } from '../steam-id.ts'
import type { Deadline } from '../time/deadlines.ts'
import type { GateContext } from './context.ts'
import type { Player } from './player.ts'

/**
 * @internal This node among those that share the store: its claims on players, the lease they live by, and
 * what the nodes tell each other.
 */
export class NodeClaims {
  readonly #gate: GateContext
  readonly #isAlone: boolean
  #leaseAt: Deadline | undefined
  #isStoreDown = false
  /** Some players may be without a claim: the lease was lost, or they came in while the store was away. */
  #isClaimMissing = false

  /** @param isAlone Whether nobody else can see the store: then there is nobody to claim players from. */
  constructor(gate: GateContext, isAlone: boolean) {
    this.#gate = gate
    this.#isAlone = isAlone
  }

  /**
   * Takes a player for this node. A refusal when another node has them and policy says to leave them there, or when
   * they enter provisionally.
   */
  take(player: Player): Awaitable<Refusal | undefined> {
    if (this.#isAlone || player.fence !== 0) return undefined
    const { store, settings } = this.#gate
    try {
      this.#keepLease()
      const claimed = store.claim({
        steamId: player.steamId,
        node: settings.node,
        // Whom Steam has not found good displaces nobody: the one inside elsewhere may be the player.
        displace: settings.duplicates !== 'refuse' && player.session !== undefined,
      })
      // At once for nearly everybody with a store in memory: nobody else has them.
      const isDone = !(claimed instanceof Promise) && (!claimed.granted || claimed.displaced === undefined)
      return isDone ? this.#noteClaim(player, claimed) : this.#takeLater(player, claimed)
    } catch (error) {
      return this.storeFailed(error)
    }
  }

  async #takeLater(player: Player, claimed: Awaitable<ClaimAnswer>): Promise<Refusal | undefined> {
    try {
      const answer = await claimed
      const refusal = this.#noteClaim(player, answer)
      if (answer.granted && answer.displaced !== undefined) {
        const { steamId } = player
        await this.#gate.store.announce({ type: 'displaced', steamId, node: answer.displaced, fence: answer.fence })
      }
      return refusal
    } catch (error) {
      return this.storeFailed(error)
    }
  }

  #noteClaim(player: Player, answer: ClaimAnswer): Refusal | undefined {
    if (!answer.granted) return createRefusal('already-playing')
    // Two of one player may claim at once; the newer claim is the one that counts.
    player.fence = Math.max(player.fence, answer.fence)
    return undefined
  }

  /**
   * Takes a player over from the node that exchanged their ticket, if its claim still stands.
   *
   * @param adopt Makes the player of this node, pinned. Called in the same turn in which the claim is granted:
   * what other nodes announce from then on concerns them.
   */
  async takeOver(
    steamId: SteamId,
    from: { readonly node: string; readonly fence: number },
    adopt: () => Player,
  ): Promise<Player | Refusal> {
    const { store, settings, players } = this.#gate
    let answer: ClaimAnswer
    try {
      this.#keepLease()
      answer = await store.claim({ steamId, node: settings.node, displace: true, from })
    } catch (error) {
      this.#dropLease()
      // Whether the login still lives cannot be told, so not even "alone" lets anybody in by this.
      return this.storeFailed(error) ?? createRefusal('store-unavailable', { cause: error })
    }
    if (!answer.granted) {
      this.#dropLease()
      return createRefusal('pass-invalid', { detail: 'the login behind the pass is over' })
    }
    const player = adopt()
    player.fence = Math.max(player.fence, answer.fence)
    try {
      await store.announce({ type: 'displaced', steamId, node: from.node, fence: answer.fence })
      return player
    } catch (error) {
      const refusal = this.storeFailed(error)
      if (refusal === undefined) return player
      players.unpin(player)
      return refusal
    }
  }

  /**
   * A login of the player is over, or the session was taken back, while the player stays: from now on the claim
   * has another fence, so that passes made before open nothing on other nodes. Without passes nobody would notice.
   */
  outdate(player: Player): void {
    const { store, settings } = this.#gate
    const { steamId, fence } = player
    if (settings.passes === undefined || fence === 0) return
    const note = (answer: ClaimAnswer): void => {
      // Somebody else has the player by now, and tells us so by an announcement.
      if (!answer.granted) return
      if (this.#gate.players.get(steamId) === player && player.fence !== 0) {
        player.fence = Math.max(player.fence, answer.fence)
      } else this.#releaseClaim(steamId, answer.fence)
    }
    const failed = (error: unknown): void => {
      this.#isClaimMissing = true
      this.#noteStoreDown(error)
    }
    try {
      const claimed = store.claim({
        steamId,
        node: settings.node,
        displace: true,
        from: { node: settings.node, fence },
      })
      if (claimed instanceof Promise) this.#gate.work.track(claimed.then(note, failed))
      else note(claimed)
    } catch (error) {
      failed(error)
    }
  }

  /** The player is gone from this node. */
  release(player: Player): void {
    const { fence, steamId } = player
    player.fence = 0
    if (fence !== 0) this.#releaseClaim(steamId, fence)
    this.#dropLease()
  }

  #releaseClaim(steamId: SteamId, fence: number): void {
    const failed = (error: unknown): void => {
      // The lease will run out by itself.
      this.#gate.logger.warn({ err: error, steamId }, 'a claim was not released')
    }
    try {
      const released = this.#gate.store.release({ steamId, node: this.#gate.settings.node, fence })
      if (released instanceof Promise) this.#gate.work.track(released.catch(failed))
    } catch (error) {
      failed(error)
    }
  }

  /** Nobody is left to renew it for. */
  #dropLease(): void {
    if (this.#gate.players.size > 0) return
    this.#gate.deadlines.cancel(this.#leaseAt)
    this.#leaseAt = undefined
  }

  /** What policy says to a store that cannot be reached: a refusal, or nothing and we go on alone. */
  storeFailed(error: unknown): Refusal | undefined {
    this.#noteStoreDown(error)
    this.#isClaimMissing = true
    return this.#gate.settings.whenStoreUnavailable === 'alone'
      ? undefined
      : createRefusal('store-unavailable', { cause: error })
  }

  /** Removes a player wherever they are. */
  async kick(steamId: SteamId, code: 'kicked' | 'banned', message: string | undefined): Promise<void> {
    // Here first: a store that is away must not keep an operator from clearing their own node.
    this.#putOut(steamId, code, message)
    const { node } = this.#gate.settings
    await this.#gate.store.announce({
      type: 'kicked',
      steamId,
      node,
      code,
      ...(message !== undefined && { message }),
    })
  }

  onAnnouncement(announcement: Announcement): void {
    const { players, settings } = this.#gate
    const { steamId } = announcement
    const player = players.get(steamId)
    if (announcement.type === 'displaced') {
      // A fence of ours that is newer means that the player has come back here since.
      if (announcement.node !== settings.node || player === undefined || player.fence > announcement.fence) return
      player.fence = 0
      players.revoke(player, createRefusal('replaced'), 'node')
      return
    }
    if (announcement.node !== settings.node) this.#putOut(steamId, announcement.code, announcement.message)
  }

  #putOut(steamId: SteamId, code: 'kicked' | 'banned', message: string | undefined): void {
    const { players, settings } = this.#gate
    const player = players.get(steamId)
    if (player !== undefined) players.revoke(player, createRefusal(code, { message }), 'operator')
    if (code !== 'banned' || !settings.bans.followOwner) return
    for (const borrower of players.all()) {
      if (borrower.ownerSteamId === steamId && borrower !== player) {
        players.revoke(borrower, createRefusal('owner-banned'), 'operator')
      }
    }
  }

  #keepLease(): void {
    if (this.#leaseAt !== undefined) return
    this.#leaseAt = this.#gate.deadlines.add(this.#gate.settings.leaseMs / 3, () => {
      this.#leaseAt = undefined
      if (this.#gate.players.size > 0) this.#keepLease()
    })
    this.#gate.work.track(this.#renewLease())
  }

  async #renewLease(): Promise<void> {
    const { store, settings, logger } = this.#gate
    try {
      const wasAlive = await store.renew({ node: settings.node, leaseMs: settings.leaseMs })
      if (!wasAlive) this.#isClaimMissing = true
      if (this.#isClaimMissing) await this.#claimAgain()
      if (this.#isStoreDown) logger.info({ node: settings.node }, 'the store can be reached again')
      this.#isStoreDown = false
    } catch (error) {
      this.#noteStoreDown(error)
    }
  }

  /** The lease had run out, or the store forgot it: whoever was taken over meanwhile must go. */
  async #claimAgain(): Promise<void> {
    const { players, store, settings } = this.#gate
    this.#isClaimMissing = false
    try {
      for (const player of players.all()) {
        if (player.first === undefined) continue
        const answer = await store.claim({ steamId: player.steamId, node: settings.node, displace: false })
        if (answer.granted) player.fence = Math.max(player.fence, answer.fence)
        // Who went meanwhile gave up an older claim than this one.
        if (players.get(player.steamId) !== player) this.release(player)
        else if (!answer.granted) players.revoke(player, createRefusal('replaced'), 'node')
      }
    } catch (error) {
      // The next renewal goes on with it.
      this.#isClaimMissing = true
      throw error
    }
  }

  #noteStoreDown(error: unknown): void {
    if (!this.#isStoreDown) this.#gate.logger.warn({ err: error }, 'the store cannot be reached')
    this.#isStoreDown = true
  }
}
