import { breakerOpenMs } from '../arena.ts'
import { nextEvent } from '../waiting.ts'
import { closedWith, type Scene, type Stage } from './scene.ts'

/** Steam goes down and comes back; then the server closes. */
export const outageScenes: readonly Scene[] = [
  {
    who: 'Nia',
    does: 'joins while Steam is down',
    expects: `${closedWith('backend-unavailable')}, those inside stay`,
    async play(stage) {
      const { arena, actors } = stage
      const { players } = arena.gate.counts
      arena.webApi.faults.add({ kind: 'status', status: 503 })
      const noticed = nextEvent(arena.gate, 'backendUnavailable')
      const { came } = await actors.Nia.visit()
      await noticed
      return `${await came}${staying(stage, players)}`
    },
  },
  {
    who: 'Nia',
    does: 'tries again while Steam is known to be down',
    expects: `${closedWith('backend-unavailable')}, Steam not asked`,
    async play({ arena, actors }) {
      const { total } = arena.webApi.calls
      const { came } = await actors.Nia.visit()
      return `${await came}${arena.webApi.calls.total === total ? ', Steam not asked' : ', Steam asked'}`
    },
  },
  {
    who: 'Nia',
    does: 'joins when Steam is back',
    expects: 'admitted',
    async play({ arena, actors, inside }) {
      arena.webApi.faults.clear()
      const recovered = nextEvent(arena.gate, 'backendRecovered')
      arena.backendClock.skip(breakerOpenMs)
      await recovered
      const visit = await actors.Nia.visit()
      inside.set('Nia', visit)
      return visit.came
    },
  },
  {
    who: 'all',
    does: 'are inside when the server closes',
    expects: `5 of 5 ${closedWith('server-closing')}`,
    async play({ arena, inside }) {
      const still = [...inside.values()].filter(({ outcome }) => outcome.ok && outcome.socket.readyState === 1)
      await arena.gate.close()
      const ends = await Promise.all(still.map(({ end }) => end))
      const told = ends.filter((end) => end === closedWith('server-closing'))
      return `${told.length} of ${ends.length} ${closedWith('server-closing')}`
    },
  },
]

function staying({ arena }: Stage, before: number): string {
  const { players } = arena.gate.counts
  return players === before ? ', those inside stay' : `, ${before - players} of those inside are gone`
}
