import { requireInteger } from '../options.ts'
import { type Clock, systemClock } from '../ports/clock.ts'
import type { Announcement, ClaimAnswer, Store } from '../ports/store.ts'
import type { SteamId } from '../steam-id.ts'
import { type Deadline, Deadlines } from '../time/deadlines.ts'
import { monotonicNow } from '../time/monotonic-now.ts'

/** What may be set on an in-memory store. */
export interface InMemoryStoreOptions {
  /** Records of used tickets kept at once; past it the oldest are forgotten. 1 to 10,000,000. @default 500_000 */
  readonly maxRemembered?: number
  readonly clock?: Clock
}

/**
 * The store of one process: gates that are handed the same object act as the nodes of a cluster. Every
 * operation is O(1). Records past their date are swept out by one timer, none when nothing is remembered.
 */
export class InMemoryStore implements Store {
  readonly #clock: Clock
  readonly #deadlines: Deadlines
  readonly #maxRemembered: number
  /** Fences of the players of each node, so that a claim is a number and no object. A process has few nodes. */
  readonly #claims = new Map<string, Map<SteamId, number>>()
  readonly #leases = new Map<string, number>()
  /** By time to live, so that each map is in order of expiry and a sweep looks only at what is due. */
  readonly #remembered = new Map<number, Map<string, number>>()
  #rememberedCount = 0
  /**
   * Where forgetting stands while the store is full: a new iterator would walk over the holes of all that were
   * forgotten before. Only then, because an iterator that is not used keeps a map's former tables alive.
   */
  #oldest: { readonly records: Map<string, number>; readonly keys: MapIterator<string> } | undefined
  readonly #listeners = new Set<(announcement: Announcement) => void>()
  #fence = 0
  #sweepAt: Deadline | undefined

  constructor(options: InMemoryStoreOptions = {}) {
    this.#clock = options.clock ?? systemClock
    this.#maxRemembered = requireInteger('maxRemembered', options.maxRemembered ?? 500_000, 1, 10_000_000)
    this.#deadlines = new Deadlines(this.#clock)
  }

  /** Players claimed. */
  get claimed(): number {
    let claimed = 0
    for (const fences of this.#claims.values()) claimed += fences.size
    return claimed
  }

  /** Tickets and identities remembered. */
  get remembered(): number {
    return this.#rememberedCount
  }

  claim(request: {
    steamId: SteamId
    node: string
    displace: boolean
    from?: { node: string; fence: number }
  }): ClaimAnswer {
    const { steamId, node, displace, from } = request
    const held = this.#find(steamId, node)
    if (from !== undefined && (held?.node !== from.node || held.fence !== from.fence || !this.#isAlive(from.node))) {
      return { granted: false, holder: held?.node }
    }
    const rival = held !== undefined && held.node !== node && this.#isAlive(held.node) ? held.node : undefined
    if (rival !== undefined && !displace) return { granted: false, holder: rival }
    const fence = ++this.#fence
    if (held !== undefined && held.node !== node) this.#drop(steamId, held.node)
    this.#fencesOf(node).set(steamId, fence)
    return rival === undefined ? { granted: true, fence } : { granted: true, fence, displaced: rival }
  }

  holder(request: { steamId: SteamId }): { node: string; fence: number } | undefined {
    const held = this.#find(request.steamId)
    return held !== undefined && this.#isAlive(held.node) ? held : undefined
  }

  release(request: { steamId: SteamId; node: string; fence: number }): void {
    const { steamId, node, fence } = request
    if (this.#claims.get(node)?.get(steamId) === fence) this.#drop(steamId, node)
  }

  renew(request: { node: string; leaseMs: number }): boolean {
    const wasAlive = this.#isAlive(request.node)
    this.#leases.set(request.node, monotonicNow(this.#clock) + request.leaseMs)
    return wasAlive
  }

  remember(request: { key: string; ttlMs: number }): boolean {
    const { key, ttlMs } = request
    const now = monotonicNow(this.#clock)
    let records = this.#remembered.get(ttlMs)
    if (records === undefined) {
      records = new Map()
      this.#remembered.set(ttlMs, records)
    }
    if (this.#remembered.size > 1 && this.#isRemembered(key, now)) return false
    const until = records.get(key)
    if (until !== undefined) {
      if (until > now) return false
      records.delete(key)
    } else if (this.#rememberedCount >= this.#maxRemembered) {
      this.#forgetOldest()
    } else {
      this.#rememberedCount++
      this.#oldest = undefined
    }
    // A whole number: the engine keeps one with a fraction as an object of its own.
    records.set(key, Math.ceil(now + ttlMs))
    this.#sweepAt ??= this.#deadlines.add(sweepMs, this.#sweep)
    return true
  }

  forget(request: { key: string }): void {
    for (const records of this.#remembered.values()) {
      if (records.delete(request.key)) this.#rememberedCount--
    }
  }

  announce(announcement: Announcement): void {
    for (const listener of [...this.#listeners]) listener(announcement)
  }

  subscribe(listener: (announcement: Announcement) => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  close(): void {
    this.#deadlines.clear()
    this.#sweepAt = undefined
    this.#listeners.clear()
    this.#remembered.clear()
    this.#rememberedCount = 0
    this.#oldest = undefined
    this.#claims.clear()
    this.#leases.clear()
  }

  /** @param likely Looked at first: most processes have one node, and its players come and go there. */
  #find(steamId: SteamId, likely?: string): { readonly node: string; readonly fence: number } | undefined {
    const likelyFences = likely === undefined ? undefined : this.#claims.get(likely)
    const likelyFence = likelyFences?.get(steamId)
    if (likelyFence !== undefined) return { node: likely!, fence: likelyFence }
    if (this.#claims.size === (likelyFences === undefined ? 0 : 1)) return undefined
    for (const [node, fences] of this.#claims) {
      const fence = fences.get(steamId)
      if (fence !== undefined) return { node, fence }
    }
    return undefined
  }

  #fencesOf(node: string): Map<SteamId, number> {
    let fences = this.#claims.get(node)
    if (fences === undefined) {
      fences = new Map()
      this.#claims.set(node, fences)
    }
    return fences
  }

  #drop(steamId: SteamId, node: string): void {
    const fences = this.#claims.get(node)
    fences?.delete(steamId)
    if (fences?.size === 0) this.#claims.delete(node)
  }

  #isAlive(node: string): boolean {
    const until = this.#leases.get(node)
    // A node that never asked for a lease does not use them: alone in its process, it cannot outlive its claims.
    return until === undefined || until > monotonicNow(this.#clock)
  }

  /** Also by a node that remembers for longer, or not as long. */
  #isRemembered(key: string, now: number): boolean {
    for (const records of this.#remembered.values()) {
      const until = records.get(key)
      if (until !== undefined && until > now) return true
    }
    return false
  }

  #forgetOldest(): void {
    for (const records of this.#remembered.values()) {
      if (records.size === 0) continue
      if (this.#oldest?.records !== records) this.#oldest = { records, keys: records.keys() }
      let next = this.#oldest.keys.next()
      if (next.done === true) {
        this.#oldest = { records, keys: records.keys() }
        next = this.#oldest.keys.next()
      }
      records.delete(next.value!)
      return
    }
  }

  readonly #sweep = (): void => {
    this.#sweepAt = undefined
    this.#oldest = undefined
    const now = monotonicNow(this.#clock)
    for (const [ttlMs, records] of this.#remembered) {
      for (const [key, until] of records) {
        if (until > now) break
        records.delete(key)
        this.#rememberedCount--
      }
      if (records.size === 0) this.#remembered.delete(ttlMs)
    }
    if (this.#rememberedCount > 0) this.#sweepAt = this.#deadlines.add(sweepMs, this.#sweep)
  }
}

const sweepMs = 60_000
