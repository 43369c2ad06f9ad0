import type { Steering } from '../shared/arena.ts'

/** A place on the field. */
export interface Point {
  readonly x: number
  readonly y: number
}

const directions: Readonly<Record<string, Point>> = {
  ArrowUp: { x: 0, y: -1 },
  KeyW: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
  KeyS: { x: 0, y: 1 },
  ArrowLeft: { x: -1, y: 0 },
  KeyA: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  KeyD: { x: 1, y: 0 },
}

/** From here on a ship flies more slowly towards the finger, so as not to shoot past it. In units of the field. */
const slowWithin = 30
const thereWithin = 4

/** Arrow keys and WASD, or a finger or mouse held on the field: the ship flies to it. */
export class Steerer {
  readonly #pressed = new Set<string>()
  #target: Point | undefined

  /** @param toField From a place on the screen to one on the field. */
  constructor(canvas: HTMLCanvasElement, toField: (clientX: number, clientY: number) => Point) {
    addEventListener('keydown', (event) => {
      if (!Object.hasOwn(directions, event.code) || event.ctrlKey || event.metaKey || event.altKey) return
      this.#pressed.add(event.code)
      // Arrows would scroll the page.
      if (document.activeElement === canvas || document.activeElement === document.body) event.preventDefault()
    })
    addEventListener('keyup', (event) => this.#pressed.delete(event.code))
    addEventListener('blur', () => this.#pressed.clear())
    canvas.addEventListener('pointerdown', (event) => {
      canvas.setPointerCapture(event.pointerId)
      this.#target = toField(event.clientX, event.clientY)
    })
    canvas.addEventListener('pointermove', (event) => {
      if (this.#target !== undefined) this.#target = toField(event.clientX, event.clientY)
    })
    for (const end of ['pointerup', 'pointercancel'] as const) {
      canvas.addEventListener(end, () => {
        this.#target = undefined
      })
    }
  }

  /** Where to go from here. */
  read(ship: Point): Steering {
    if (this.#target !== undefined) return towards(ship, this.#target)
    let x = 0
    let y = 0
    for (const code of this.#pressed) {
      x += directions[code]!.x
      y += directions[code]!.y
    }
    return { x: Math.sign(x), y: Math.sign(y) }
  }
}

function towards(ship: Point, target: Point): Steering {
  const x = target.x - ship.x
  const y = target.y - ship.y
  const distance = Math.hypot(x, y)
  if (distance < thereWithin) return { x: 0, y: 0 }
  const speed = Math.min(1, distance / slowWithin)
  // Coarse, so that an almost straight flight is not a message a frame.
  return { x: round((x / distance) * speed), y: round((y / distance) * speed) }
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
