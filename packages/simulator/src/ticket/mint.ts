import { createPrivateKey, type KeyObject } from 'node:crypto'
import type { AppId, Clock, SteamId, TicketKind } from '@ticketgate/core'
import { simulatorPrivateKey } from '../key-pair.ts'
import type { Random } from '../random.ts'
import type { World } from '../world/world.ts'
import {
  assembleTicket,
  type OwnershipFields,
  signOwnership,
  type TicketFields,
  ticketTypes,
  writeHead,
  writeOwnership,
} from './layout.ts'
import { digestHead } from './read.ts'
import { sha256Base64Url } from './verify.ts'

/** 21 days, as in every genuine ticket seen. */
const ownershipLifetimeSeconds = 21 * 86_400
// Steam's client keeps the ownership ticket for up to a week; a day keeps mistakes with dates visible.
const ownershipCacheSeconds = 86_400

/** The half of a ticket that says who owns what. */
export interface SignedHalf {
  readonly ownership: Uint8Array
  readonly signature: Uint8Array
}

/** A ticket's parts as Steam would make them for an account, before anything is done to them. */
export interface TicketParts extends SignedHalf {
  readonly fields: TicketFields
  readonly head: Uint8Array
}

interface Issuer {
  readonly random: Random
  readonly externalIp: number
  counter: number
}

/** Makes tickets' bytes: for accounts out of the world, for game servers out of their SteamID. */
export class Mint {
  readonly #world: World
  readonly #clock: Clock
  readonly #random: Random
  readonly #startedAtMs: number
  readonly #key: KeyObject = createPrivateKey(simulatorPrivateKey)
  readonly #issuers = new Map<SteamId, Issuer>()
  readonly #signed = new Map<string, SignedHalf>()
  readonly #digests = new Set<string>()
  readonly #signListeners = new Set<(digest: string) => void>()
  #handles = 0

  constructor(options: { world: World; clock: Clock; random: Random }) {
    this.#world = options.world
    this.#clock = options.clock
    this.#random = options.random
    this.#startedAtMs = options.clock.now()
  }

  /** The fields of the next ticket of an issuer. */
  fields(steamId: SteamId, kind: 'session' | 'webapi', appId: AppId): TicketFields {
    const issuer = this.#issuer(steamId)
    issuer.counter += 1
    const nowMs = this.#clock.now()
    return {
      gcToken: issuer.random.bytes(8),
      issuer: steamId,
      tokenTimeSeconds: Math.floor(nowMs / 1000),
      type: ticketTypes[kind],
      nonce: issuer.random.bytes(8),
      clientClockMs: Math.max(0, Math.floor(nowMs - this.#startedAtMs)) >>> 0,
      counter: issuer.counter,
      ...this.#ownershipFields(steamId, appId),
    }
  }

  /** Writes and signs. */
  parts(fields: TicketFields): TicketParts {
    return { fields, head: writeHead(fields), ...this.#sign(fields) }
  }

  /** The signed half alone, for a client that writes heads by itself. Takes nothing from the issuer's random numbers. */
  signedHalf(steamId: SteamId, appId: AppId): SignedHalf {
    return this.#sign(this.#ownershipFields(steamId, appId))
  }

  /** Hears of each signed half, those made before too, by the digest of its bytes. Returns what ends it. */
  subscribeSigned(listener: (digest: string) => void): () => void {
    for (const digest of this.#digests) listener(digest)
    this.#signListeners.add(listener)
    return () => this.#signListeners.delete(listener)
  }

  /** Random bytes out of an issuer's own stream, for junk. */
  junk(steamId: SteamId, length: number): Uint8Array {
    return (this.#issuers.get(steamId)?.random ?? this.#random).bytes(length)
  }

  /** Tells Steam of a ticket, as a client does when it makes one. `head`: its bytes, or their digest. */
  register(ticket: {
    readonly head: Uint8Array | string
    readonly kind: TicketKind
    readonly steamId: SteamId
    readonly appId: AppId
    readonly identity: string | undefined
  }): number {
    this.#handles += 1
    const head = typeof ticket.head === 'string' ? ticket.head : digestHead(ticket.head)
    this.#world.apply({ type: 'ticket-issued', ticket: { ...ticket, handle: this.#handles, head } })
    return this.#handles
  }

  /** Makes a sound ticket and tells Steam of it. */
  issue(request: {
    readonly steamId: SteamId
    readonly kind: 'session' | 'webapi'
    readonly appId: AppId
    readonly identity: string | undefined
  }): { handle: number; data: Uint8Array } {
    const parts = this.parts(this.fields(request.steamId, request.kind, request.appId))
    const handle = this.register({ ...request, head: parts.head })
    return { handle, data: assembleTicket(parts.head, parts.ownership, parts.signature) }
  }

  #issuer(steamId: SteamId): Issuer {
    let issuer = this.#issuers.get(steamId)
    if (!issuer) {
      const random = this.#random.fork(steamId)
      // 203.0.113.0/24 is set aside for documentation (RFC 5737).
      issuer = { random, externalIp: 0xcb_00_71_00 + random.integer(1, 254), counter: 0 }
      this.#issuers.set(steamId, issuer)
    }
    return issuer
  }

  #ownershipFields(steamId: SteamId, appId: AppId): OwnershipFields {
    const nowSeconds = Math.floor(this.#clock.now() / 1000)
    const generatedSeconds = nowSeconds - (nowSeconds % ownershipCacheSeconds)
    return {
      version: 4,
      steamId,
      appId,
      externalIp: this.#issuer(steamId).externalIp,
      internalIp: 0xc0_a8_01_02,
      flags: 0,
      generatedSeconds,
      expiresSeconds: generatedSeconds + ownershipLifetimeSeconds,
      licenses: [packageOf(appId)],
      dlc: this.#world.dlcOf(steamId, appId).map((dlc) => ({ appId: dlc, licenses: [] })),
    }
  }

  #sign(fields: OwnershipFields): SignedHalf {
    const ownership = writeOwnership(fields)
    // The signature is a function of the bytes and the dearest step, so an account's next ticket reuses it,
    // as Steam's client reuses its ownership ticket.
    const name = `${fields.steamId}/${fields.appId}`
    const known = this.#signed.get(name)
    if (known && Buffer.compare(known.ownership, ownership) === 0) return known
    const signed = { ownership, signature: signOwnership(ownership, this.#key) }
    this.#signed.set(name, signed)
    const digest = sha256Base64Url(Buffer.concat([signed.ownership, signed.signature]))
    if (!this.#digests.has(digest)) {
      this.#digests.add(digest)
      for (const listener of [...this.#signListeners]) listener(digest)
    }
    return signed
  }
}

/** The package that sells an app, in this world. */
function packageOf(appId: AppId): number {
  return (appId + 1_000_000) >>> 0
}
