import { connect } from 'node:net'
import { answer, roleName, usageAnswers } from './roles.ts'
import { stayAwake } from './stay-awake.ts'
import { TicketSupply } from './ticket-supply.ts'

// Opens WebSocket connections by hand, at a fifth of a millisecond of processor time each, so that the
// server under measurement is what runs full. Sources are spread over 127.0.1.1 to 127.0.1.200: closed
// connections hold their port for a minute.

/** One slice of load. */
export interface LoadRequest {
  readonly port: number
  readonly count: number
  readonly inFlight: number
  /** Where the ticket goes: in a header of the upgrade, or into the first message after the server's. */
  readonly ticketIn: 'header' | 'message'
  /** Text messages the server sends before it lets the application have the connection. */
  readonly messages: number
  /** Share of forged tickets, 0 to 1. */
  readonly forgedShare?: number
  /** Leave them open; `release` closes them. */
  readonly hold?: boolean
}

/** How it went. */
export interface LoadReport {
  readonly opened: number
  /** Refused with an HTTP answer or a coded close. */
  readonly refused: number
  /** Neither: what should not happen on loopback. */
  readonly failed: number
  readonly seconds: number
  /** From connect to open, in milliseconds. */
  readonly p50Ms: number
  readonly p99Ms: number
}

interface Plan {
  readonly request: string
  readonly message: Buffer | undefined
}

type Outcome = 'opened' | 'refused' | 'failed'

const players = 2_000
// Code 1000, masked with zeros.
const closeFrame = Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8])
const slowMs = 20_000

class Load {
  readonly #supply = new TicketSupply(players)
  readonly #held = new Set<() => void>()
  #serial = 0

  async run(request: LoadRequest): Promise<LoadReport> {
    const { count, inFlight, forgedShare = 0 } = request
    // Made beforehand: the slice measures the server, and minting would slow the load down.
    const plans = Array.from({ length: count }, (_, index) => {
      // Spread evenly, so that every stretch of a slice has its share.
      const isForged = Math.floor((index + 1) * forgedShare) > Math.floor(index * forgedShare)
      return this.#plan(request, isForged)
    })
    const found: Record<Outcome, number> = { opened: 0, refused: 0, failed: 0 }
    const latencies: number[] = []
    const sleep = stayAwake()
    const begin = performance.now()
    await new Promise<void>((resolve) => {
      let started = 0
      let ended = 0
      const startNext = (): void => {
        if (started === count) return
        const plan = plans[started]!
        started++
        this.#connect(request, plan, latencies, (outcome) => {
          found[outcome]++
          ended++
          if (ended === count) resolve()
          else startNext()
        })
      }
      for (let index = 0; index < Math.min(inFlight, count); index++) startNext()
    })
    const seconds = (performance.now() - begin) / 1_000
    sleep()
    latencies.sort((a, b) => a - b)
    return {
      ...found,
      seconds,
      p50Ms: latencies[latencies.length >> 1] ?? 0,
      p99Ms: latencies[Math.floor(latencies.length * 0.99)] ?? 0,
    }
  }

  /** Closes what is held and waits for the last one. */
  async release(): Promise<void> {
    for (const close of [...this.#held]) close()
    while (this.#held.size > 0) await new Promise((resolve) => setTimeout(resolve, 10))
  }

  #plan({ ticketIn }: LoadRequest, forged: boolean): Plan {
    const text = this.#supply.nextMessage(forged)
    const head =
      'GET /game HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n'
    if (ticketIn === 'message') return { request: `${head}\r\n`, message: toTextFrame(text) }
    const authorization = `Authorization: Ticketgate ${Buffer.from(text).toString('base64url')}\r\n`
    return { request: `${head}${authorization}\r\n`, message: undefined }
  }

  #connect(request: LoadRequest, plan: Plan, latencies: number[], done: (outcome: Outcome) => void): void {
    this.#serial++
    const begin = performance.now()
    const localAddress = `127.0.1.${1 + (this.#serial % 200)}`
    const socket = connect({ port: request.port, host: '127.0.0.1', localAddress, noDelay: true })
    let received: Buffer = Buffer.alloc(0)
    let isUpgraded = false
    let messages = 0
    let outcome: Outcome = 'failed'
    let isDone = false
    const finish = (): void => {
      if (isDone) return
      isDone = true
      done(outcome)
    }
    const close = (): void => {
      if (!socket.destroyed) socket.write(closeFrame)
    }
    const open = (): void => {
      outcome = 'opened'
      latencies.push(performance.now() - begin)
      if (request.hold === true) {
        this.#held.add(close)
        socket.setTimeout(0)
        finish()
      } else {
        close()
      }
    }
    socket.setTimeout(slowMs, () => socket.destroy())
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      this.#held.delete(close)
      finish()
    })
    socket.on('data', (chunk) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk])
      if (!isUpgraded) {
        const end = received.indexOf('\r\n\r\n')
        if (end < 0) return
        if (received.toString('latin1', 9, 12) !== '101') {
          outcome = 'refused'
          socket.destroy()
          return
        }
        isUpgraded = true
        received = received.subarray(end + 4)
        if (request.messages === 0) open()
      }
      for (;;) {
        const frame = readFrame(received)
        if (frame === undefined) return
        received = received.subarray(frame.length)
        if (frame.opcode === 8) {
          if (outcome !== 'opened') {
            outcome = 'refused'
            close()
          }
          return
        }
        messages++
        if (messages === 1 && plan.message !== undefined) socket.write(plan.message)
        if (messages === request.messages) open()
      }
    })
    socket.write(plan.request, 'latin1')
  }
}

function toTextFrame(text: string): Buffer {
  const payload = Buffer.from(text)
  const head =
    payload.length < 126
      ? Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0])
      : Buffer.from([0x81, 0xfe, payload.length >> 8, payload.length & 0xff, 0, 0, 0, 0])
  return Buffer.concat([head, payload])
}

/** A whole frame at the beginning, as servers send them: not masked. */
function readFrame(bytes: Buffer): { readonly opcode: number; readonly length: number } | undefined {
  if (bytes.length < 2) return undefined
  const short = bytes[1]! & 0x7f
  if (short === 126 && bytes.length < 4) return undefined
  const length = short === 126 ? 4 + bytes.readUInt16BE(2) : 2 + short
  return bytes.length < length ? undefined : { opcode: bytes[0]! & 0x0f, length }
}

if (roleName() === 'load') {
  const load = new Load()
  answer({
    ...usageAnswers,
    run: (request: LoadRequest) => load.run(request),
    release: () => load.release(),
  })
}
