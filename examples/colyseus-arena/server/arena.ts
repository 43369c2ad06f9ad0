import { height, pointsToWin, type Steering, shipRadius, shipSpeed, width } from '../shared/arena.ts'
import { ArenaState, Ship, Spark } from './arena-state.ts'

const sparkCount = 6
const sparkReach = shipRadius + 7
const goldWorth = 5
/** How quickly a ship takes on a new direction; 1 / seconds. */
const agility = 7
const rest: Steering = { x: 0, y: 0 }

/** What clients need not know of a ship. */
interface Pilot {
  readonly ship: Ship
  steering: Steering
  velocityX: number
  velocityY: number
}

/** The rules of the game: knows neither Colyseus' rooms nor Steam. */
export class Arena {
  readonly state = new ArenaState()
  /** By session id, as the ships are. */
  readonly #pilots = new Map<string, Pilot>()
  #shipsBuilt = 0

  constructor() {
    this.state.round = 1
    while (this.state.sparks.length < sparkCount) this.state.sparks.push(createSpark())
  }

  enter(id: string, player: { readonly name: string; readonly isBorrowed: boolean }): void {
    const ship = new Ship()
    // Steps of the golden angle: colours far apart, however many come.
    const hue = Math.round(190 + this.#shipsBuilt++ * 137.5) % 360
    Object.assign(ship, player, { isAway: false, hue, points: 0, roundsWon: 0, ...somewhere() })
    this.#pilots.set(id, { ship, steering: rest, velocityX: 0, velocityY: 0 })
    this.state.ships.set(id, ship)
  }

  leave(id: string): void {
    this.#pilots.delete(id)
    this.state.ships.delete(id)
  }

  markAway(id: string, isAway: boolean): void {
    const pilot = this.#pilots.get(id)
    if (pilot === undefined) return
    pilot.ship.isAway = isAway
    pilot.steering = rest
  }

  /** @param steering As it came from the client: anything at all. */
  steer(id: string, steering: unknown): void {
    const pilot = this.#pilots.get(id)
    if (pilot !== undefined) pilot.steering = readSteering(steering)
  }

  /** Lets time go by. */
  pass(seconds: number): void {
    for (const pilot of this.#pilots.values()) {
      fly(pilot, seconds)
      this.#collect(pilot.ship)
    }
  }

  #collect(ship: Ship): void {
    // Whoever is away collects nothing: sparks may well turn up under them.
    if (ship.isAway) return
    for (const spark of this.state.sparks) {
      if (Math.hypot(ship.x - spark.x, ship.y - spark.y) > sparkReach) continue
      ship.points += spark.worth
      Object.assign(spark, placeSpark())
      if (ship.points >= pointsToWin) this.#endRound(ship)
    }
  }

  #endRound(winner: Ship): void {
    winner.roundsWon += 1
    this.state.lastWinner = winner.name
    this.state.round += 1
    for (const { ship } of this.#pilots.values()) ship.points = 0
  }
}

function fly(pilot: Pilot, seconds: number): void {
  const { ship, steering } = pilot
  const turn = Math.min(1, agility * seconds)
  pilot.velocityX += (steering.x * shipSpeed - pilot.velocityX) * turn
  pilot.velocityY += (steering.y * shipSpeed - pilot.velocityY) * turn
  // A ship at rest must not send patches for ever.
  if (steering === rest && Math.hypot(pilot.velocityX, pilot.velocityY) < 1) return
  ship.x = clamp(ship.x + pilot.velocityX * seconds, shipRadius, width - shipRadius)
  ship.y = clamp(ship.y + pilot.velocityY * seconds, shipRadius, height - shipRadius)
}

function readSteering(value: unknown): Steering {
  const { x, y } = (value ?? {}) as Partial<Record<'x' | 'y', unknown>>
  if (typeof x !== 'number' || typeof y !== 'number' || !Number.isFinite(x) || !Number.isFinite(y)) return rest
  const length = Math.hypot(x, y)
  if (length === 0) return rest
  // Nobody is faster for asking for more.
  return length > 1 ? { x: x / length, y: y / length } : { x, y }
}

function createSpark(): Spark {
  return Object.assign(new Spark(), placeSpark())
}

function placeSpark() {
  return { ...somewhere(), worth: Math.random() < 0.15 ? goldWorth : 1 }
}

function somewhere() {
  const margin = 2 * shipRadius
  return {
    x: margin + Math.random() * (width - 2 * margin),
    y: margin + Math.random() * (height - 2 * margin),
  }
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value))
}
