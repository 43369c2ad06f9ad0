import type { ArenaState, Ship } from '../server/arena-state.ts'
import { pointsToWin } from '../shared/arena.ts'
import { create, find } from './elements.ts'

const rows = find<HTMLTableSectionElement>('scores')
let shown = ''

/** Shows who has how many points, the best first. Does nothing when nothing has changed. */
export function showScores(state: ArenaState | undefined, ownId: string | undefined): void {
  const ships = [...(state?.ships?.entries() ?? [])].sort(([, a], [, b]) => b.points - a.points)
  const summary = JSON.stringify([
    ownId,
    ships.map(([id, { name, points, roundsWon, isAway, isBorrowed }]) => [
      id,
      name,
      points,
      roundsWon,
      isAway,
      isBorrowed,
    ]),
  ])
  if (summary === shown) return
  shown = summary
  find('no-scores').hidden = ships.length > 0
  find('score-table').hidden = ships.length === 0
  rows.replaceChildren(...ships.map(([id, ship]) => createRow(ship, id === ownId)))
}

function createRow(ship: Ship, isOwn: boolean): HTMLTableRowElement {
  const dot = create('span', '', { className: 'dot' })
  dot.style.setProperty('--hue', String(ship.hue))
  const badges = [
    isOwn && createBadge('you'),
    // Whose copy it is stays between Steam and the server.
    ship.isBorrowed && createBadge('borrowed copy', 'borrowed'),
    ship.isAway && createBadge('away', 'away'),
  ].filter((badge) => badge !== false)
  const name = create('th', [dot, create('span', ship.name, { className: 'name' }), ...badges], { scope: 'row' })
  const meter = create('meter', '', { max: pointsToWin, value: ship.points, ariaHidden: 'true' })
  const points = create('td', [create('b', String(ship.points)), meter])
  return create('tr', [name, points, create('td', String(ship.roundsWon))])
}

function createBadge(text: string, kind = ''): HTMLElement {
  return create('span', text, { className: `badge ${kind}` })
}
