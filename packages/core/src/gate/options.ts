import type { Authentication } from '../authentication/authentication.ts'
import type { Code } from '../codes/codes.ts'
import type { Awaitable, Backend } from '../ports/backend.ts'
import type { Clock } from '../ports/clock.ts'
import type { Logger } from '../ports/logger.ts'
import type { Passes } from '../ports/passes.ts'
import type { Store } from '../ports/store.ts'
import type { AppId, SteamId } from '../steam-id.ts'

/** A player as Steam's verdict describes them, before they are let in. What the game's own policies see. */
export interface VerifiedPlayer {
  readonly steamId: SteamId
  /** Who owns the copy; equals `steamId` unless it is borrowed. */
  readonly ownerSteamId: SteamId
  readonly isBorrowed: boolean
  readonly appId: AppId
  readonly fingerprint: string
  readonly address: string | undefined
  /** Live or dropped-but-remembered admissions that this player already holds on this node. */
  readonly admissions: number
}

/** A policy's "no". */
export interface PolicyRefusal {
  /** The game's own code, 1 to 64 of `a-z 0-9 - _ . /`; reaches the client as `customCode`. */
  readonly code: string
  /** A sentence for the player. Default: the text of `policy-refused`. */
  readonly message?: string
  readonly retryAfterMs?: number
}

/**
 * One of the game's own rules, asked after Steam's verdict and our own checks. Answer nothing to agree. A
 * throw is logged and refuses with `internal-error`: a broken rule admits nobody.
 *
 * @param signal Aborts when the player leaves, the deadline passes or the gate closes.
 */
export type Policy = (
  player: VerifiedPlayer,
  context: { readonly signal: AbortSignal },
) => Awaitable<PolicyRefusal | undefined | void>

/**
 * What happens when a player who is already inside comes again:
 *
 * - `replace`: the newcomer gets in once their ticket was found good, older connections end with `replaced`.
 * - `refuse`: the newcomer is refused with `already-playing` while a connection is live.
 * - `{ share: n }`: up to `n` admissions at once, 1 to 1,000, then `too-many-admissions`.
 */
export type DuplicatePolicy = 'replace' | 'refuse' | { readonly share: number }

/**
 * When Steam's signature is checked locally before Steam is asked:
 *
 * - `adaptive`: where it decides something (always with an exclusive backend, where one player's begins wait
 *   for each other, and before provisional admission), and for a while whenever many tickets turn out bad or
 *   Steam's call budget runs low.
 * - `always`, `never` (even `never` checks where it decides something).
 */
export type SignaturePolicy = 'adaptive' | 'always' | 'never'

/**
 * What happens while Steam cannot be asked:
 *
 * - `refuse`: newcomers are refused with `backend-unavailable`; those inside stay until Steam says otherwise.
 * - `keep`: the same, and a renewal that fails for Steam's sake does not end a session.
 * - `provisional`: as `keep`, and newcomers whose ticket has a valid, unexpired, signed ownership half enter
 *   marked provisional; they are verified when Steam is back.
 */
export type UnavailablePolicy = 'refuse' | 'keep' | 'provisional'

/** A one-time identity: `name:nonce`, good once and for a while, made so that every node can check it. */
export interface OneTimeIdentity {
  /** 1 to 10 characters of `A-Z a-z 0-9 - _ .`. */
  readonly name: string
  /** At least 16 bytes, the same on every node. A string counts as UTF-8. */
  readonly secret: Uint8Array | string
  /**
   * How long a hello stays good, in milliseconds; 1,000 to 600,000.
   *
   * @default 60_000
   */
  readonly maxAgeMs?: number
}

/** At most `limit` within `windowMs`. */
export interface RateLimit {
  /** 1 to 1,000,000. */
  readonly limit: number
  /** In milliseconds; 100 to 86,400,000 (one day). */
  readonly windowMs: number
}

/** What may be set on a gate. `identity` and `backend` (or `authentication`) are required. */
export interface GateOptions {
  /** What asks Steam. The gate makes its own `Authentication` over it and closes both. */
  readonly backend?: Backend
  /** An `Authentication` to share instead; the gate then leaves it open when it closes. */
  readonly authentication?: Authentication
  /**
   * The identity tickets must be made for: a fixed string (1 to 31 characters of `A-Z a-z 0-9 - _ . :`),
   * a one-time identity, or `''` for unbound tickets. A Web API backend must be given the same fixed string,
   * or none.
   */
  readonly identity: string | OneTimeIdentity
  /** @default `replace` for one-shot backends, `refuse` for exclusive ones */
  readonly duplicates?: DuplicatePolicy
  /** Borrowed copies. @default 'allow' */
  readonly familySharing?: 'allow' | 'refuse'
  /** Which of Steam's bans keep a player out. */
  readonly bans?: {
    /** @default 'refuse' */
    readonly vac?: 'refuse' | 'allow'
    /** @default 'refuse' */
    readonly publisher?: 'refuse' | 'allow'
    /** Whether the owner of a borrowed copy is looked up too, where the backend can. @default true */
    readonly followOwner?: boolean
    /**
     * The game's own ban list, asked for the player and, when borrowed, the owner, of a verified ticket.
     */
    readonly isBanned?: (steamId: SteamId, context: { readonly signal: AbortSignal }) => Awaitable<boolean>
  }
  /** DLC or other apps that the player must own. @default none */
  readonly requiredLicenses?: readonly AppId[]
  /** The game's own rules, asked in order; the first "no" counts. */
  readonly policies?: readonly Policy[]
  /** @default 'adaptive' */
  readonly signature?: SignaturePolicy
  /** @default 'refuse' */
  readonly whenUnavailable?: UnavailablePolicy
  /**
   * `refuse` newcomers, or admit them as if this node were alone (`alone`), while the store cannot be
   * reached. Those inside stay in both cases.
   *
   * @default 'refuse'
   */
  readonly whenStoreUnavailable?: 'refuse' | 'alone'
  /** From hello to the last byte of the ticket, in milliseconds; 1 to 600,000. @default 15_000 */
  readonly handshakeTimeoutMs?: number
  /**
   * From ticket to decision (Steam's verdict, our checks, policies), in milliseconds; 1 to 600,000.
   *
   * @default 15_000
   */
  readonly verdictTimeoutMs?: number
  /**
   * How long an auth session outlives its last dropped connection, in milliseconds; 0 to 86,400,000 (one day). 0
   * ends it at once.
   *
   * @default 20_000
   */
  readonly graceMs?: number
  /** How long a client has to answer `renew`, in milliseconds; 1 to 600,000. @default 20_000 */
  readonly renewalTimeoutMs?: number
  /**
   * Ask every player for a fresh ticket this often, in milliseconds; 0 to 2,592,000,000 (30 days). 0 is never.
   *
   * @default 0
   */
  readonly renewEveryMs?: number
  /** Revocations that are answered with `renew` where the connection allows it. @default ['ticket-canceled', 'steam-offline'] */
  readonly renewOn?: readonly Code[]
  /** How long a verified place waits for its connection, in milliseconds; 1 to 600,000. @default 15_000 */
  readonly reservationMs?: number
  /** Handshakes waiting or being verified at once; 1 to 1,000,000. @default 1_000 */
  readonly maxPendingHandshakes?: number
  /** Longest ticket message, in bytes; 512 to 1,048,576 (1 MiB). @default 24_576 */
  readonly maxMessageBytes?: number
  /** Handshakes an address may start; `false` for no limit. @default 60 within 60 seconds */
  readonly attemptsPerAddress?: RateLimit | false
  /**
   * Tickets of an address that Steam may refuse before it is not asked about any more of them; `false` for no
   * limit. Guards Steam's daily call budget against tickets that only Steam can tell from good ones.
   *
   * @default 20 within 600 seconds
   */
  readonly rejectionsPerAddress?: RateLimit | false
  /** Verified logins a player may make; `false` for no limit. @default 30 within 60 seconds */
  readonly loginsPerPlayer?: RateLimit | false
  /**
   * How long a used ticket is remembered, in milliseconds; 1,000 to 2,592,000,000 (30 days).
   *
   * @default 86_400_000 (one day)
   */
  readonly replayWindowMs?: number
  /**
   * Signs and checks passes (see `@ticketgate/http`); with it, a pass is accepted wherever a ticket is. Its `ttlMs`
   * is 1,000 to 3,600,000 (one hour).
   *
   * @default none: passes are refused with `pass-invalid`
   */
  readonly passes?: Passes
  /** What nodes share. @default an in-memory store of its own */
  readonly store?: Store
  /** This process among those that share the store; 1 to 64 of `A-Z a-z 0-9 _ . : -`. @default random */
  readonly node?: string
  /** The lease on this node's claims, in milliseconds; 1,000 to 86,400,000 (one day). @default 30_000 */
  readonly leaseMs?: number
  /** What time it is and what wakes the gate, for tests. @default the system's clock */
  readonly clock?: Clock
  /** Told of every admission, refusal and fault; pino's loggers fit. @default one that says nothing */
  readonly logger?: Logger
}
