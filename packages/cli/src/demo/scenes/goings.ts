import { graceMs } from '../arena.ts'
import { recheckBans } from '../recheck.ts'
import { nextEvent } from '../waiting.ts'
import { closedWith, enter, type Scene, type Stage } from './scene.ts'

/** What can happen to those who are inside, and every way out. */
export const goingScenes: readonly Scene[] = [
  {
    who: 'Bea',
    does: 'joins, and is banned by the publisher while she plays',
    expects: `admitted, then ${closedWith('publisher-banned')}`,
    async play(stage) {
      const { arena, actors } = stage
      const visit = await enter(stage, 'Bea')
      // What is found at the first look is what she came with; only what is new since then counts.
      await recheckBans(arena)
      await recheckBans(arena)
      actors.Bea.account.publisherBan()
      const gone = nextEvent(arena.gate, 'left', ({ steamId }) => steamId === actors.Bea.account.steamId)
      await recheckBans(arena)
      await gone
      return `${await visit.came}, then ${await visit.end}`
    },
  },
  {
    who: 'Rita',
    does: 'joins, Steam cancels her ticket, the gate asks for a fresh one',
    expects: 'admitted, then renewed on the same socket',
    async play({ arena, actors: { Rita }, inside }) {
      const { promise: renewed, resolve: onRenewed } = Promise.withResolvers<unknown>()
      const visit = await Rita.visit({ onRenewed })
      if (!visit.outcome.ok) return visit.came
      inside.set('Rita', visit)
      const { steamId } = Rita.account
      const before = arena.gate.find(steamId)[0]?.fingerprint
      await Rita.authentication.cancelAllTickets()
      arena.gate.requestRenewal(steamId, 'ticket-canceled')
      await renewed
      const after = arena.gate.find(steamId)[0]?.fingerprint
      const isSame = visit.outcome.socket.readyState === visit.outcome.socket.OPEN
      if (before === after) return 'admitted, then renewed with the old ticket'
      return `admitted, then renewed${isSame ? ' on the same socket' : ', but the socket is closed'}`
    },
  },
  {
    who: 'Dan',
    does: 'joins, drops, and returns within the grace',
    expects: 'admitted, then admitted again, place kept',
    async play(stage) {
      const { arena, actors, inside } = stage
      await enter(stage, 'Dan')
      await drop(stage, 'Dan')
      const back = nextEvent(arena.gate, 'admitted', ({ steamId }) => steamId === actors.Dan.account.steamId)
      const again = await actors.Dan.visit()
      inside.set('Dan', again)
      if (!again.outcome.ok) return `admitted, then ${await again.came}`
      return `admitted, then admitted again${(await back).returned ? ', place kept' : ', as if new'}`
    },
  },
  {
    who: 'Vic',
    does: `joins, drops, and ${graceMs / 1000} seconds pass`,
    expects: 'admitted, then dropped, session ended',
    async play(stage) {
      const { arena, actors, inside } = stage
      await enter(stage, 'Vic')
      const { steamId } = actors.Vic.account
      await drop(stage, 'Vic')
      const left = nextEvent(arena.gate, 'left', (event) => event.steamId === steamId)
      const ended = nextEvent(arena.gate, 'ended', (event) => event.steamId === steamId)
      arena.clock.skip(graceMs + 100)
      const { clean } = await left
      const { reason } = await ended
      inside.delete('Vic')
      return `admitted, then ${clean ? 'left' : 'dropped'}, session ${reason === 'dropped' ? 'ended' : reason}`
    },
  },
  {
    who: 'Kit',
    does: 'joins, and the operator kicks him',
    expects: `admitted, then ${closedWith('kicked')}`,
    async play(stage) {
      const visit = await enter(stage, 'Kit')
      await stage.arena.gate.kick(stage.actors.Kit.account.steamId)
      return `${await visit.came}, then ${await visit.end}`
    },
  },
  {
    who: 'Leo',
    does: 'joins, and leaves',
    expects: 'admitted, then left, session ended, ticket cancelled',
    async play(stage) {
      const { arena, actors, inside } = stage
      const { outcome, wire } = await enter(stage, 'Leo')
      const { steamId } = actors.Leo.account
      const left = nextEvent(arena.gate, 'left', (event) => event.steamId === steamId)
      const ended = nextEvent(arena.gate, 'ended', (event) => event.steamId === steamId)
      if (outcome.ok) outcome.leave()
      const { clean } = await left
      await ended
      await wire
      inside.delete('Leo')
      const tickets = actors.Leo.account.liveTickets.length
      return `admitted, then ${clean ? 'left' : 'dropped'}, session ended, ticket ${tickets === 0 ? 'cancelled' : 'still alive'}`
    },
  },
]

/** The connection breaks, without a goodbye. Resolves when the game server has noticed. */
async function drop({ arena, actors, inside }: Stage, name: 'Dan' | 'Vic'): Promise<void> {
  const [socket] = arena.socketsOf(actors[name].account.steamId).values()
  const outcome = inside.get(name)?.outcome
  if (socket === undefined || !outcome?.ok) throw new Error(`${name} is not inside`)
  const noticed = new Promise((resolve) => socket.once('close', resolve))
  outcome.socket.terminate()
  await noticed
}
