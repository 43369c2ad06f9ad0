import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { createGate, type Gate, type GateOptions, type Refusal, type TicketMessage } from '@ticketgate/core'
import type { TicketSource } from '@ticketgate/core/client'
import { createPasses, type PassesOptions } from '@ticketgate/http'
import {
  createSimulatedSteam,
  type SimulatedAccount,
  type SimulatedGameServer,
  type SimulatedSteam,
} from '@ticketgate/simulator'
import { VirtualClock } from '../fixtures/virtual-clock.ts'

export const secret = randomBytes(32)

/** A gate with passes over simulated Steam; its time stands still. Servers that it starts end with it. */
export class Harness {
  readonly steam: SimulatedSteam = createSimulatedSteam()
  readonly backend: SimulatedGameServer = this.steam.gameServer()
  readonly clock = new VirtualClock(Date.now())
  readonly gate: Gate
  readonly refused: Refusal[] = []
  readonly addresses: (string | undefined)[] = []
  readonly #closers: (() => Promise<void> | void)[] = []

  constructor(options: { gate?: Partial<GateOptions>; passes?: Partial<PassesOptions> } = {}) {
    const passes = createPasses({
      keys: [{ id: 'test', secret }],
      audience: 'my-game',
      clock: this.clock,
      ...options.passes,
    })
    this.gate = createGate({
      backend: this.backend,
      identity: '',
      clock: this.clock,
      attemptsPerAddress: false,
      passes,
      ...options.gate,
    })
    this.gate.on('refused', ({ refusal, address }) => {
      this.refused.push(refusal)
      this.addresses.push(address)
    })
  }

  /** Ends with the harness. */
  atEnd(close: () => Promise<void> | void): void {
    this.#closers.push(close)
  }

  async listen(listener: RequestListener): Promise<string> {
    return this.listenOn(createServer(listener))
  }

  /** Listens and gives the server's origin. */
  async listenOn(server: Server): Promise<string> {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    this.atEnd(async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    })
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  // --- players ---

  player(name = 'Gordon'): SimulatedAccount {
    return this.steam.createAccount({ name })
  }

  ticket(account = this.player(), extra: Partial<TicketMessage> = {}): TicketMessage {
    const { hex } = this.steam.mintTicket(account, { kind: 'session' })
    return { ticketgate: 'ticket', kind: 'session', appId: 480, data: hex, ...extra }
  }

  source(account = this.player()): TicketSource & { readonly given: number; readonly cancelled: number } {
    const { steam } = this
    const counts = { given: 0, cancelled: 0 }
    return {
      kinds: ['session'],
      async getTicket() {
        counts.given++
        const ticket = steam.mintTicket(account, { kind: 'session' })
        return {
          data: ticket.data,
          cancel() {
            counts.cancelled++
            ticket.cancel()
          },
        }
      },
      get given() {
        return counts.given
      },
      get cancelled() {
        return counts.cancelled
      },
    }
  }

  async pass(account = this.player()): Promise<string> {
    const outcome = await this.gate.exchange(this.ticket(account))
    assert.ok(outcome.ok)
    return outcome.pass
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close()
    await this.gate.close()
    assert.deepEqual(this.gate.counts, { pending: 0, players: 0, admissions: 0, sessions: 0, deadlines: 0 })
    assert.equal(this.backend.ledger.open, 0)
    await this.steam.close()
  }
}

export function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}

/** Sends bytes as they are and gives everything that comes back until the server closes. */
export async function sendRaw(origin: string, text: string): Promise<string> {
  const { hostname, port } = new URL(origin)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  let answer = ''
  socket.on('data', (data) => {
    answer += data
  })
  socket.write(text)
  await once(socket, 'close')
  return answer
}

/**
 * Posts and resets the connection in the same turn: when the server reads the request, the kernel has forgotten
 * the peer's address.
 */
export async function postAndReset(url: string, message: unknown): Promise<void> {
  const { hostname, port, pathname } = new URL(url)
  const body = JSON.stringify(message)
  const head = `POST ${pathname} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n`
  const socket = connect(Number(port), hostname, () => {
    socket.write(`${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
    socket.resetAndDestroy()
  })
  socket.on('error', () => {})
  await new Promise((resolve) => socket.on('close', resolve))
}

/** Waits for something that other threads or sockets bring about. */
export async function until(isTrue: () => boolean): Promise<void> {
  for (let turn = 0; !isTrue(); turn++) {
    if (turn > 100_000) throw new Error('it never came')
    await new Promise((resolve) => setImmediate(resolve))
  }
}
