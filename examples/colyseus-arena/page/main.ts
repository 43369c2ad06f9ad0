import { ArenaView } from './arena-view.ts'
import { find, onPress } from './elements.ts'
import { type ArenaRoom, GameClient, type Standing } from './game-client.ts'
import { Panel } from './panel.ts'
import { listen } from './panel-api.ts'
import { showScores } from './scoreboard.ts'
import { showStatus } from './status.ts'
import { Steerer } from './steering.ts'

const canvas = find<HTMLCanvasElement>('arena')
const view = new ArenaView(canvas)
const steerer = new Steerer(canvas, (x, y) => view.toField(x, y))
const game = new GameClient(show)
const panel = new Panel((me) => game.join(me))

onPress(find<HTMLButtonElement>('leave'), () => game.leave())
onPress(find<HTMLButtonElement>('unplug'), () => game.unplug())
onPress(find<HTMLButtonElement>('plug-in'), () => game.plugIn())
listen((event) => {
  if (event.type === 'happened') panel.happened(event.text)
  else panel.show(event.state)
})
show(game.standing)
requestAnimationFrame(frame)

function show(standing: Standing): void {
  showStatus(standing)
  const isInside = !['outside', 'refused', 'ended'].includes(standing.kind)
  find('choose').hidden = isInside
  document.body.classList.toggle('inside', standing.kind === 'playing')
  if (standing.kind !== 'playing') return
  // For whoever wants to look at the state, or steer, from the browser's console.
  Object.assign(globalThis, { room: standing.room })
  canvas.focus({ preventScroll: true })
}

let sent = { x: 0, y: 0 }

function frame(nowMs: number): void {
  const { standing } = game
  const room = 'room' in standing ? standing.room : undefined
  view.draw(room?.state, room?.sessionId, captionOf(standing), nowMs)
  showScores(room?.state, room?.sessionId)
  if (standing.kind === 'playing') steer(standing.room)
  requestAnimationFrame(frame)
}

/** Tells the server where to, whenever that changes. */
function steer(room: ArenaRoom): void {
  const ship = room.state?.ships?.get(room.sessionId)
  if (ship === undefined) return
  const steering = steerer.read(ship)
  if (steering.x === sent.x && steering.y === sent.y) return
  sent = steering
  room.send('steer', steering)
}

/** What stands on the field while no game can be seen there. */
function captionOf(standing: Standing): string {
  if (standing.kind === 'playing') return ''
  if (standing.kind === 'joining') return 'Asking at the gate…'
  if (standing.kind !== 'unplugged') return 'Nobody flies without a ticket'
  const seconds = Math.ceil((standing.untilMs - Date.now()) / 1000)
  return seconds > 0 ? `Your ship waits: ${seconds} s` : 'Your ship has stopped waiting'
}
