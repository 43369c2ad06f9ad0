import { createRefusal, type Refusal } from '../codes/refusal.ts'
import type { PassClaims, Passes } from '../ports/passes.ts'
import type { TicketMessage } from '../protocol/messages.ts'
import type { Admission } from './admission.ts'
import type { AdmissionRecord } from './admission-record.ts'
import type { GateContext } from './context.ts'
import type { Door } from './door.ts'
import type { AuthenticateOptions, ExchangedPass, PassHolder } from './gate-port.ts'
import type { Player } from './player.ts'

// Nodes' clocks differ: a pass that one node still takes must not be forgotten by the store that saw it used.
const clockSkewMs = 60_000

/** A pass that opens the gate, and for whom. The player is pinned. */
export interface Redeemed {
  readonly ok: true
  readonly player: Player
  readonly claims: PassClaims
  /** Whether the player came over from another node, so that the login has no place here yet. */
  readonly wasTakenOver: boolean
}

/** @internal A ticket for a pass: verified like any other, and the place is kept while the pass is good. */
export async function exchangeTicket(
  gate: GateContext,
  door: Door,
  presented: TicketMessage | string | Uint8Array,
  options: AuthenticateOptions,
): Promise<ExchangedPass | Refusal> {
  const { passes } = gate.settings
  if (passes === undefined) throw new TypeError('"passes" must be given to a gate that exchanges tickets')
  const outcome = await door.authenticate(presented, { ...options, reservationMs: passes.ttlMs }, false)
  if (!outcome.ok) return outcome
  const record = outcome as AdmissionRecord
  record.isKept = true
  // Of the login and not of this pass: who asks twice with one ticket has one use all the same.
  const issued = await issuePass(gate, passes, record, record.login)
  if (issued.ok && !options.signal?.aborted) return issued
  // Nobody is there to use it, and the place would keep the player from coming again.
  record.leave()
  return issued.ok ? createRefusal('connection-lost') : issued
}

/** @internal A pass for somebody who is inside, by which another node takes them over. */
export async function handOver(gate: GateContext, admission: Admission): Promise<ExchangedPass | Refusal> {
  const { passes } = gate.settings
  if (passes === undefined) throw new TypeError('"passes" must be given to a gate that hands players over')
  const { steamId } = admission
  const player = gate.players.get(steamId)
  const record = player?.admissions().find((each) => each === admission)
  if (record === undefined) return createRefusal('reservation-expired')
  const fate = fateOf(player, record.login)
  // Each has a use of its own: the player may be handed on again, by whoever has them next.
  return fate ?? issuePass(gate, passes, record, `${record.login}/${crypto.randomUUID()}`)
}

async function issuePass(
  gate: GateContext,
  passes: Passes,
  record: AdmissionRecord,
  use: string,
): Promise<ExchangedPass | Refusal> {
  const { node } = gate.settings
  const { steamId, ownerSteamId, appId, fingerprint, login, provisional, player } = record
  const { fence } = player
  const facts = { steamId, ownerSteamId, appId, fingerprint, admission: login, node, fence, provisional }
  try {
    const pass = await passes.issue({ id: `${node}/${use}`, ...facts })
    return { ok: true, pass, expiresInMs: passes.ttlMs, steamId, ownerSteamId, session: login }
  } catch (error) {
    gate.logger.error({ err: error, steamId, fingerprint }, 'no pass could be made')
    return createRefusal('internal-error', { cause: error })
  }
}

/** @internal Whom a pass stands for, without using it up. */
export async function checkPass(gate: GateContext, pass: string): Promise<PassHolder | Refusal> {
  const read = await readPass(gate, pass)
  if (!read.ok) return read
  const { steamId, ownerSteamId, appId, admission, node, fence } = read.claims
  if (isHere(gate, read.claims)) {
    const fate = fateOf(gate.players.get(steamId), admission)
    if (fate !== undefined) return fate
  } else {
    try {
      const holder = await gate.store.holder({ steamId })
      if (holder?.node !== node || holder.fence !== fence) return createRefusal('pass-invalid')
    } catch (error) {
      // What became of the session cannot be told, so even "alone" lets nobody in by this.
      return gate.claims.storeFailed(error) ?? createRefusal('store-unavailable', { cause: error })
    }
  }
  return { ok: true, steamId, ownerSteamId, appId, session: admission }
}

/** @internal A pass presented at the gate. */
export async function redeemPass(gate: GateContext, pass: string): Promise<Redeemed | Refusal> {
  const read = await readPass(gate, pass)
  if (!read.ok) return read
  const { claims } = read
  // Before it is used up: it is as good as before at the node it was made by.
  const misplaced = isHere(gate, claims) ? undefined : checkPlace(gate, claims)
  if (misplaced !== undefined) return misplaced
  const used = await useUp(gate, claims)
  if (used !== undefined) return used
  if (!isHere(gate, claims)) return takeOver(gate, claims)
  const player = gate.players.get(claims.steamId)
  const fate = fateOf(player, claims.admission)
  if (player === undefined || fate !== undefined) return fate ?? createRefusal('pass-invalid')
  player.pins++
  return { ok: true, player, claims, wasTakenOver: false }
}

async function readPass(
  gate: GateContext,
  pass: string,
): Promise<{ readonly ok: true; readonly claims: PassClaims } | Refusal> {
  const { passes } = gate.settings
  if (passes === undefined) return createRefusal('pass-invalid', { detail: 'this gate takes no passes' })
  try {
    const claims = await passes.verify(pass)
    return claims === undefined ? createRefusal('pass-invalid') : { ok: true, claims }
  } catch (error) {
    gate.logger.error({ err: error }, 'a pass could not be checked')
    return createRefusal('internal-error', { cause: error })
  }
}

async function useUp(gate: GateContext, claims: PassClaims): Promise<Refusal | undefined> {
  const { passes } = gate.settings
  if (!passes!.isOneUse) return undefined
  try {
    const isFirst = await gate.store.remember({ key: `p:${claims.id}`, ttlMs: passes!.ttlMs + clockSkewMs })
    return isFirst ? undefined : createRefusal('ticket-replayed', { detail: 'the pass was used before' })
  } catch (error) {
    return gate.claims.storeFailed(error)
  }
}

/** Whether this node knows what became of the login: it made the pass, or has taken the player over since. */
function isHere(gate: GateContext, { node, steamId, admission }: PassClaims): boolean {
  return node === gate.settings.node || gate.players.get(steamId)?.hasLogin(admission) === true
}

/** What became of the login behind a pass; nothing while it lives. */
function fateOf(player: Player | undefined, login: string): Refusal | undefined {
  if (player === undefined) return createRefusal('pass-invalid', { detail: 'the session behind the pass is over' })
  if (!player.isAlive) return player.revocation ?? createRefusal('pass-invalid')
  if (player.hasLogin(login)) return undefined
  return createRefusal('pass-invalid', { detail: 'the login behind the pass is over' })
}

/** Whether a pass may take its player over from another node at all. */
function checkPlace({ backend, settings }: GateContext, { provisional }: PassClaims): Refusal | undefined {
  if (backend.sessionModel === 'exclusive') {
    return createRefusal('pass-invalid', { detail: 'the auth session lives on another node' })
  }
  if (provisional) return createRefusal('pass-invalid', { detail: 'Steam has not found this player good yet' })
  if (settings.duplicates === 'refuse' && !settings.passes!.isOneUse) {
    // Only the first use is sure to displace a place that is kept, and not somebody who plays.
    return createRefusal('pass-invalid', { detail: 'a pass for several uses opens only the node it was made by' })
  }
  return undefined
}

/** The exchange was on another node: its claim is taken over, if it still stands, and with it the player. */
async function takeOver(gate: GateContext, claims: PassClaims): Promise<Redeemed | Refusal> {
  const { steamId, ownerSteamId, appId, fingerprint, node, fence } = claims
  const taken = await gate.claims.takeOver(steamId, { node, fence }, () =>
    gate.players.adopt(gate.authentication.vouch({ user: steamId, owner: ownerSteamId, appId, fingerprint })),
  )
  return 'ok' in taken ? taken : { ok: true, player: taken, claims, wasTakenOver: true }
}
