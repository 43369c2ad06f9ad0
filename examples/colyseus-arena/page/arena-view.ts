import type { ArenaState, Ship, Spark } from '../server/arena-state.ts'
import { height, shipRadius, width } from '../shared/arena.ts'
import type { Point } from './steering.ts'

/** What the eye sees of a ship between two patches of the state. */
interface Shown {
  x: number
  y: number
  angle: number
  points: number
}

interface Glint {
  x: number
  y: number
  readonly velocityX: number
  readonly velocityY: number
  readonly hue: number
  ageSeconds: number
}

const glintSeconds = 0.6
const bannerSeconds = 3
/** How quickly what is shown follows what is; 1 / seconds. */
const following = 14
const fullTurn = 2 * Math.PI

/** Draws the field. */
export class ArenaView {
  readonly #canvas: HTMLCanvasElement
  readonly #context: CanvasRenderingContext2D
  readonly #shown = new Map<string, Shown>()
  readonly #stars = Array.from({ length: 70 }, () => ({ x: Math.random(), y: Math.random(), size: Math.random() }))
  readonly #isCalm = matchMedia('(prefers-reduced-motion: reduce)')
  #glints: Glint[] = []
  #lastSeconds = 0
  #round = 0
  #banner = { text: '', untilSeconds: 0 }

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas
    this.#context = canvas.getContext('2d')!
    // As many pixels as the screen has: lines and names stay sharp.
    new ResizeObserver(() => {
      canvas.width = Math.round(canvas.clientWidth * devicePixelRatio)
      canvas.height = Math.round(canvas.clientHeight * devicePixelRatio)
    }).observe(canvas)
  }

  toField(clientX: number, clientY: number): Point {
    const box = this.#canvas.getBoundingClientRect()
    return { x: ((clientX - box.left) / box.width) * width, y: ((clientY - box.top) / box.height) * height }
  }

  /**
   * @param state `undefined` while this page is outside; then `caption` says what to wait for.
   * @param ownId Of one's own ship.
   */
  draw(state: ArenaState | undefined, ownId: string | undefined, caption: string, nowMs: number): void {
    const nowSeconds = nowMs / 1000
    // A page in the background is not drawn: what happened meanwhile is not shown in fast motion.
    const deltaSeconds = Math.min(0.1, nowSeconds - this.#lastSeconds)
    this.#lastSeconds = nowSeconds
    const context = this.#context
    const scale = this.#canvas.width / width
    context.setTransform(scale, 0, 0, scale, 0, 0)
    this.#drawSpace(nowSeconds)
    if (state?.ships === undefined) {
      this.#shown.clear()
      this.#round = 0
      this.#drawText(caption, '#c3cdf2', 17)
      return
    }
    for (const spark of state.sparks) this.#drawSpark(spark, nowSeconds)
    for (const [id, ship] of state.ships) this.#drawShip(ship, this.#follow(id, ship, deltaSeconds), id === ownId)
    for (const id of this.#shown.keys()) if (!state.ships.has(id)) this.#shown.delete(id)
    this.#drawGlints(deltaSeconds)
    this.#drawBanner(state, nowSeconds)
  }

  #follow(id: string, ship: Ship, deltaSeconds: number): Shown {
    const shown = this.#shown.get(id) ?? { x: ship.x, y: ship.y, angle: -Math.PI / 2, points: ship.points }
    this.#shown.set(id, shown)
    const share = 1 - Math.exp(-following * deltaSeconds)
    const x = (ship.x - shown.x) * share
    const y = (ship.y - shown.y) * share
    shown.x += x
    shown.y += y
    if (Math.hypot(x, y) > 0.2) {
      const turn = Math.atan2(y, x) - shown.angle
      shown.angle += Math.atan2(Math.sin(turn), Math.cos(turn)) * Math.min(1, 2 * share)
    }
    if (ship.points > shown.points && !this.#isCalm.matches) this.#burst(shown, ship.hue)
    shown.points = ship.points
    return shown
  }

  #drawSpace(nowSeconds: number): void {
    const context = this.#context
    const glow = context.createRadialGradient(width / 2, height * 0.4, 20, width / 2, height / 2, width * 0.65)
    glow.addColorStop(0, '#182144')
    glow.addColorStop(1, '#090c1a')
    context.fillStyle = glow
    context.fillRect(0, 0, width, height)
    for (const { x, y, size } of this.#stars) {
      const light = this.#isCalm.matches ? 0.5 : 0.5 + 0.3 * Math.sin(nowSeconds * (0.5 + size) + x * 40)
      context.fillStyle = `rgb(190 205 255 / ${light * (0.25 + 0.5 * size)})`
      context.fillRect(x * width, y * height, 0.6 + size, 0.6 + size)
    }
  }

  #drawSpark({ x, y, worth }: Spark, nowSeconds: number): void {
    const context = this.#context
    const isGold = worth > 1
    const hue = isGold ? 45 : 175
    const radius = (isGold ? 7 : 5) * (this.#isCalm.matches ? 1 : 1 + 0.12 * Math.sin(nowSeconds * 4 + x))
    context.save()
    context.translate(x, y)
    const glow = context.createRadialGradient(0, 0, 0, 0, 0, radius * 2.6)
    glow.addColorStop(0, `hsl(${hue} 100% 65% / 0.5)`)
    glow.addColorStop(1, `hsl(${hue} 100% 65% / 0)`)
    context.fillStyle = glow
    context.fillRect(-radius * 3, -radius * 3, radius * 6, radius * 6)
    context.fillStyle = `hsl(${hue} 100% 78%)`
    context.beginPath()
    for (const [px, py] of [
      [0, -radius],
      [radius * 0.7, 0],
      [0, radius],
      [-radius * 0.7, 0],
    ] as const) {
      context.lineTo(px, py)
    }
    context.fill()
    context.restore()
  }

  #drawShip(ship: Ship, { x, y, angle }: Shown, isOwn: boolean): void {
    const context = this.#context
    context.save()
    context.translate(x, y)
    context.globalAlpha = ship.isAway ? 0.45 : 1
    if (isOwn) {
      context.strokeStyle = 'rgb(255 255 255 / 0.35)'
      context.lineWidth = 1.2
      context.beginPath()
      context.arc(0, 0, shipRadius + 4, 0, fullTurn)
      context.stroke()
    }
    context.save()
    context.rotate(angle)
    context.beginPath()
    context.moveTo(shipRadius, 0)
    context.lineTo(-shipRadius * 0.75, shipRadius * 0.75)
    context.lineTo(-shipRadius * 0.4, 0)
    context.lineTo(-shipRadius * 0.75, -shipRadius * 0.75)
    context.closePath()
    if (ship.isAway) context.setLineDash([3, 2])
    else {
      context.fillStyle = `hsl(${ship.hue} 85% 60%)`
      context.fill()
    }
    context.lineJoin = 'round'
    context.lineWidth = 1.5
    context.strokeStyle = `hsl(${ship.hue} 95% 82%)`
    context.stroke()
    context.restore()
    this.#drawName(ship.isAway ? `${ship.name} (away)` : ship.name, x, y)
    context.restore()
  }

  #drawName(name: string, x: number, y: number): void {
    const context = this.#context
    // Not smaller than the page's own small print, whatever the screen.
    const size = Math.max(10, (11.5 * width) / this.#canvas.clientWidth)
    context.font = `600 ${size}px system-ui, sans-serif`
    context.textAlign = 'center'
    context.textBaseline = 'middle'
    const below = y + shipRadius + 2 * size > height ? -1 : 1
    context.fillStyle = '#e9edff'
    // Stays on the field when the ship is at its edge.
    const half = context.measureText(name).width / 2 + 3
    const aside = Math.min(Math.max(x, half), width - half) - x
    context.fillText(name, aside, below * (shipRadius + 4 + size * 0.7))
  }

  #burst({ x, y }: Point, hue: number): void {
    for (let count = 0; count < 12; count++) {
      const angle = Math.random() * fullTurn
      const speed = 30 + Math.random() * 60
      const velocity = { velocityX: Math.cos(angle) * speed, velocityY: Math.sin(angle) * speed }
      this.#glints.push({ x, y, ...velocity, hue, ageSeconds: 0 })
    }
  }

  #drawGlints(deltaSeconds: number): void {
    this.#glints = this.#glints.filter((glint) => {
      glint.ageSeconds += deltaSeconds
      glint.x += glint.velocityX * deltaSeconds
      glint.y += glint.velocityY * deltaSeconds
      const left = 1 - glint.ageSeconds / glintSeconds
      this.#context.fillStyle = `hsl(${glint.hue} 95% 75% / ${Math.max(0, left)})`
      this.#context.fillRect(glint.x - 1.2, glint.y - 1.2, 2.4, 2.4)
      return left > 0
    })
  }

  #drawBanner({ round, lastWinner }: ArenaState, nowSeconds: number): void {
    // Not for the rounds that were over when this page came.
    if (this.#round !== 0 && round !== this.#round) {
      this.#banner = { text: `${lastWinner} wins the round`, untilSeconds: nowSeconds + bannerSeconds }
    }
    this.#round = round
    if (nowSeconds > this.#banner.untilSeconds) return
    const context = this.#context
    context.fillStyle = 'rgb(9 12 26 / 0.7)'
    context.fillRect(0, height / 2 - 26, width, 52)
    this.#drawText(this.#banner.text, '#ffd76a', 24)
  }

  #drawText(text: string, color: string, size: number): void {
    const context = this.#context
    context.font = `700 ${size}px system-ui, sans-serif`
    context.textAlign = 'center'
    context.textBaseline = 'middle'
    context.fillStyle = color
    context.fillText(text, width / 2, height / 2)
  }
}
