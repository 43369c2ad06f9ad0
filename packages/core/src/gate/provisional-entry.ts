import type { AuthSession } from '../authentication/auth-session.ts'
import { isNotAsked } from '../codes/backend-refusal.ts'
import { createRefusal, type Refusal } from '../codes/refusal.ts'
import { CancelableCall } from '../ports/cancellation.ts'
import type { GateContext } from './context.ts'
import type { Player, Provisional } from './player.ts'
import { checkPlayer } from './player-checks.ts'

/** Not every fault is followed by word that Steam is back: a single call may fail. */
const retryMs = 30_000

/** @internal Steam is back: every ticket that was taken on trust is shown to it now. */
export function verifyProvisionalPlayers(gate: GateContext): void {
  for (const player of gate.players.all()) verifyNow(gate, player)
}

/** @internal Policy keeps a player whom Steam could not be asked about; it is asked when it is back. */
export function keepUnverified(gate: GateContext, player: Player): void {
  // What the fresh ticket was asked for is not held against them until then.
  if (player.session === undefined) player.revocation = undefined
  gate.deadlines.cancel(player.retryAt)
  player.retryAt = gate.deadlines.add(retryMs, () => {
    // A client is not asked without hope: it may not get a ticket meanwhile, and would be out for that.
    const isHopeless = player.provisional === undefined && !gate.backend.available
    if (isHopeless && player.session === undefined) keepUnverified(gate, player)
    else verifyNow(gate, player)
  })
}

function verifyNow(gate: GateContext, player: Player): void {
  if (player.provisional === undefined) gate.players.interrupt(player)
  else if (!player.provisional.isAsking) gate.work.track(verifyPlayer(gate, player))
}

async function verifyPlayer(gate: GateContext, player: Player): Promise<void> {
  const { provisional } = player
  if (provisional === undefined) return
  provisional.isAsking = true
  const turn = gate.turns?.take(player.steamId)
  try {
    await turn?.ready
    await verifyInTurn(gate, player, provisional)
  } finally {
    turn?.leave()
  }
}

async function verifyInTurn(gate: GateContext, player: Player, provisional: Provisional): Promise<void> {
  // While others were before, the player may have left or been verified.
  if (gate.players.get(player.steamId) !== player || player.provisional !== provisional) return
  const outcome = await new Promise<AuthSession | Refusal>((resolve) => {
    gate.authentication.attempt(provisional.reading, player.steamId, {
      identity: provisional.identity === '' ? undefined : provisional.identity,
      replace: true,
      timeoutMs: gate.settings.verdictTimeoutMs,
      onOutcome: resolve,
    })
  })
  if (gate.players.get(player.steamId) !== player || player.provisional !== provisional) {
    // Whoever has come in meanwhile goes on with this session.
    if (outcome.ok) gate.players.unpin(gate.players.adopt(outcome))
    return
  }
  if (!outcome.ok) {
    provisional.isAsking = false
    if (isNotAsked(outcome)) {
      keepUnverified(gate, player)
      return
    }
    player.provisional = undefined
    gate.players.revoke(player, outcome, 'gate')
    return
  }
  gate.players.adopt(outcome)
  const refused = player.isAlive ? await recheck(gate, player) : player.revocation
  if (refused !== undefined) gate.players.revoke(player, refused, 'gate')
  gate.players.unpin(player)
}

async function recheck(gate: GateContext, player: Player): Promise<Refusal | undefined> {
  const call = new CancelableCall()
  const deadline = gate.deadlines.add(gate.settings.verdictTimeoutMs, () => call.cancel())
  try {
    return await checkPlayer(
      {
        gate,
        reading: undefined,
        address: undefined,
        isRenewal: true,
        call,
        stopped: () => (player.session === undefined ? player.revocation : undefined),
      },
      player,
    )
  } catch (error) {
    if (call.isCanceled) return createRefusal('verdict-timeout')
    gate.logger.error({ err: error, steamId: player.steamId }, 'verification failed')
    return createRefusal('internal-error', { cause: error })
  } finally {
    gate.deadlines.cancel(deadline)
  }
}
