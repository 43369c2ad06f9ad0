import { createRefusal, type Refusal } from '../codes/refusal.ts'
import type { GateContext } from './context.ts'
import type { Player } from './player.ts'
import { checkPlayer } from './player-checks.ts'
import { isNotAsked } from './verification.ts'

/** @internal Steam is back: every ticket that was taken on trust is shown to it now. */
export function verifyProvisionalPlayers(gate: GateContext): void {
  for (const player of gate.players.all()) {
    if (player.provisional !== undefined) gate.track(verifyPlayer(gate, player))
  }
}

async function verifyPlayer(gate: GateContext, player: Player): Promise<void> {
  const { provisional } = player
  if (provisional === undefined) return
  const outcome = await gate.authentication.attempt(provisional.reading, player.steamId, {
    identity: provisional.identity === '' ? undefined : provisional.identity,
    replace: true,
    timeoutMs: gate.settings.verdictTimeoutMs,
  }).outcome
  if (gate.players.get(player.steamId) !== player || player.provisional !== provisional) {
    if (outcome.ok) outcome.end()
    return
  }
  if (!outcome.ok) {
    // Away again: the next recovery tries again.
    if (isNotAsked(outcome)) return
    player.provisional = undefined
    gate.players.revoke(player, outcome, 'gate')
    return
  }
  gate.players.adopt(outcome)
  const refused = await recheck(gate, player)
  if (refused !== undefined) gate.players.revoke(player, refused, 'gate')
  gate.players.unpin(player)
}

async function recheck(gate: GateContext, player: Player): Promise<Refusal | undefined> {
  try {
    return await checkPlayer(
      {
        gate,
        reading: undefined,
        address: undefined,
        isRenewal: true,
        signal: new AbortController().signal,
        stopped: () => (player.session === undefined ? player.revocation : undefined),
      },
      player,
    )
  } catch (error) {
    gate.logger.error({ err: error, steamId: player.steamId }, 'verification failed')
    return createRefusal('internal-error', { cause: error })
  }
}
