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

interface Claim {
  readonly node: string
  readonly fence: number
}

/**
 * The store of one process: gates that are handed the same object act as the nodes of a cluster. Every
 * operation is O(1). Records past their date are swept out by one timer, none when nothing is remembered.
 */
export class InMemoryStore implements Store {
  readonly #clock: Clock
  readonly #deadlines: Deadlines
  readonly #maxRemembered: number
  readonly #claims = new Map<SteamId, Claim>()
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
    return this.#claims.size
  }

  /** Tickets and identities remembered. */
  get remembered(): number {
    return this.#rememberedCount
  }

  claim(request: { steamId: SteamId; node: string; displace: boolean }): ClaimAnswer {
    const { steamId, node, displace } = request
    const held = this.#claims.get(steamId)
    const rival = held !== undefined && held.node !== node && this.#isAlive(held.node) ? held.node : undefined
    if (rival !== undefined && !displace) return { granted: false, holder: rival }
    const fence = ++this.#fence
    this.#claims.set(steamId, { node, fence })
    return rival === undefined ? { granted: true, fence } : { granted: true, fence, displaced: rival }
  }

  release(request: { steamId: SteamId; node: string; fence: number }): void {
    const held = this.#claims.get(request.steamId)
    if (held?.node === request.node && held.fence === request.fence) this.#claims.delete(request.steamId)
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
    records.set(key, now + ttlMs)
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

  #isAlive(node: string): boolean {
    const until = this.#leases.get(node)
    // A node that never asked for a lease does not use them: alone in its process, it cannot outlive its claims.
    return until === undefined || until > monotonicNow(this.#clock)
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
