import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import {
  type Admission,
  type AuthenticateOptions,
  type AuthSession,
  createGate,
  type Gate,
  type GateEvents,
  type GateOptions,
  type Logger,
  type Refusal,
  type SteamId,
  type TicketMessage,
} from '@ticketgate/core'
import { type FakeTicketFacts, fakeTicket, playerId } from '../../fixtures/fake-ticket.ts'
import { GateBackend } from '../../fixtures/gate-backend.ts'
import { MemoryConnection, type MemoryConnectionOptions } from '../../fixtures/memory-connection.ts'
import { VirtualClock } from '../../fixtures/virtual-clock.ts'

export { fakeTicket, playerId }

export type SessionModel = 'one-shot' | 'exclusive'
export const sessionModels: readonly SessionModel[] = ['one-shot', 'exclusive']

export const eventNames = [
  'admitted',
  'away',
  'back',
  'refused',
  'left',
  'ended',
  'revoked',
  'renewalRequested',
  'renewed',
  'backendUnavailable',
  'backendRecovered',
  'warning',
] as const satisfies readonly (keyof GateEvents)[]

/** Lets everything that is ready happen, threads of WebCrypto aside; no virtual time passes. */
export async function flush(turns = 2): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** Waits for something that needs real threads, such as WebCrypto. */
export async function until(isTrue: () => boolean): Promise<void> {
  for (let turn = 0; !isTrue(); turn++) {
    if (turn > 10_000) throw new Error('it never came')
    await new Promise((resolve) => setImmediate(resolve))
  }
}

export interface WorldOptions extends Partial<GateOptions> {
  readonly sessionModel?: SessionModel
  readonly fakeBackend?: GateBackend
  readonly virtualClock?: VirtualClock
}

/** Who presents what. A number is the n-th player with a good ticket. */
export type Presented = number | FakeTicketFacts | Uint8Array

/**
 * A gate over a fake Steam and a clock that stands still. Disposing of it closes the gate and proves what
 * must always hold.
 */
export class World {
  readonly backend: GateBackend
  readonly clock: VirtualClock
  readonly gate: Gate
  readonly connections: MemoryConnection[] = []
  readonly events: { readonly name: keyof GateEvents; readonly event: GateEvents[keyof GateEvents] }[] = []
  /** Every event and log line as text, from the moment it was reported. */
  readonly output: string[] = []
  readonly tickets: Uint8Array[] = []
  readonly begun: AuthSession[] = []
  readonly finished: AuthSession[] = []
  /** Whether to keep the text of events for the search for tickets; slow for models that run thousands of times. */
  readonly #isListening: boolean
  /** Whether the clock or the store serves others too, whose timers it then counts. */
  readonly #isSharing: boolean
  #isDisposed = false

  constructor(options: WorldOptions = {}, isListening = true) {
    const { sessionModel, fakeBackend, virtualClock, ...rest } = options
    this.clock = virtualClock ?? new VirtualClock()
    this.backend = fakeBackend ?? new GateBackend({ sessionModel: sessionModel ?? 'one-shot' })
    this.#isListening = isListening
    this.#isSharing = virtualClock !== undefined || rest.store !== undefined || rest.authentication !== undefined
    this.gate = createGate({
      identity: '',
      clock: this.clock,
      ...(isListening && { logger: this.#createLogger() }),
      ...(rest.authentication === undefined && { backend: this.backend }),
      ...rest,
    })
    for (const name of eventNames) {
      this.gate.on(name, (event) => {
        this.events.push({ name, event })
        if (isListening) this.#print(name, event)
      })
    }
    this.gate.authentication.on('sessionBegun', (session) => this.begun.push(session))
    this.gate.authentication.on('sessionEnded', ({ session }) => this.finished.push(session))
  }

  // --- players ---

  /** Connects and waits for `hello`. */
  async connect(options: MemoryConnectionOptions = {}): Promise<MemoryConnection> {
    const connection = this.connectNow(options)
    await flush()
    return connection
  }

  connectNow(options: MemoryConnectionOptions = {}): MemoryConnection {
    const connection = new MemoryConnection(options)
    this.connections.push(connection)
    return connection.open(this.gate)
  }

  /** Connects, presents a ticket, and waits for what comes of it. */
  async join(presented: Presented = 1, options: MemoryConnectionOptions = {}): Promise<MemoryConnection> {
    const connection = await this.connect(options)
    connection.say(this.message(presented))
    await flush()
    return connection
  }

  /** The same by `authenticate`; the caller attaches. */
  authenticate(presented: Presented = 1, options?: AuthenticateOptions): Promise<Admission | Refusal> {
    return this.gate.authenticate(this.message(presented), options)
  }

  /** A fresh connection to attach to an admission. */
  attach(admission: Admission, options: MemoryConnectionOptions = {}): MemoryConnection {
    const connection = new MemoryConnection(options)
    this.connections.push(connection)
    const refusal = admission.attach(connection)
    // As a host does: the connection is untouched and its to close.
    if (refusal !== undefined) connection.close(refusal)
    return connection
  }

  /** Answers the `renew` that came over this connection. */
  async renew(connection: MemoryConnection, presented: Presented = 1): Promise<void> {
    connection.say(this.message(presented))
    await flush()
  }

  message(presented: Presented, extra: Partial<TicketMessage> = {}): TicketMessage {
    const ticket =
      presented instanceof Uint8Array
        ? presented
        : fakeTicket(typeof presented === 'number' ? { steamId: playerId(presented) } : presented)
    this.tickets.push(ticket)
    return {
      ticketgate: 'ticket',
      kind: 'session',
      appId: 480,
      data: Buffer.from(ticket).toString('hex'),
      ...extra,
    }
  }

  // --- time ---

  async advance(ms: number): Promise<void> {
    await this.clock.advanceAsync(ms)
    await flush()
  }

  // --- what happened ---

  of<Name extends keyof GateEvents>(name: Name): GateEvents[Name][] {
    return this.events.filter((each) => each.name === name).map(({ event }) => event as GateEvents[Name])
  }

  /** Names of events since the start, in order. */
  get story(): string[] {
    return this.events.map(({ name }) => name)
  }

  /** Codes of refusals, in order. */
  get refusals(): string[] {
    return this.of('refused').map(({ refusal }) => refusal.code)
  }

  get ends(): string[] {
    return this.of('ended').map(({ reason }) => reason)
  }

  session(player = 1): AuthSession | undefined {
    return this.gate.authentication.activeSessions.get(playerId(player))
  }

  // --- what must always hold ---

  /** No ticket in anything that was reported so far, nor in what listeners can reach now. */
  assertNoTicketWasShown(): void {
    const shown = [...this.output, ...this.events.map(({ event }) => inspect(event, { depth: 10 }))]
      .join('\n')
      // Bytes are printed in columns.
      .replace(/\s+/g, ' ')
    const lower = shown.toLowerCase()
    for (const ticket of this.tickets) {
      const bytes = Buffer.from(ticket)
      const hex = bytes.toString('hex')
      // Fingerprints have 12 digits; a part of a ticket that could be one is not searched for.
      assert.ok(!lower.includes(hex.slice(0, 32)), 'the hex of a ticket was shown')
      assert.ok(!shown.includes(bytes.toString('base64').slice(0, 32)), 'the base64 of a ticket was shown')
      assert.ok(!shown.includes([...bytes.subarray(0, 12)].join(', ')), 'the bytes of a ticket were shown')
      const dump = inspect(bytes.subarray(0, 12)).slice('<Buffer '.length, -1)
      assert.ok(!shown.includes(dump), 'the bytes of a ticket were shown')
      assert.ok(!shown.includes(bytes.toString('latin1').slice(0, 40)), 'the text of a ticket was shown')
    }
  }

  async close(): Promise<void> {
    const closing = this.gate.close()
    await flush()
    await closing
  }

  /** Closes and checks the books. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isDisposed) return
    this.#isDisposed = true
    await this.close()
    this.assertBalanced()
    if (this.#isListening) this.assertNoTicketWasShown()
  }

  /** The gate is closed and nothing is left of what it did. */
  assertBalanced(): void {
    assert.deepEqual(this.gate.counts, { pending: 0, players: 0, admissions: 0, sessions: 0, deadlines: 0 })
    if (!this.#isSharing) assert.equal(this.clock.timers, 0, 'timers are left')
    assert.deepEqual(this.backend.violations, [])
    assert.deepEqual([...this.backend.open.keys()], [], 'sessions are open at the backend')
    for (const connection of this.connections) {
      assert.deepEqual(connection.violations, [])
      assert.equal(connection.isOpen, false, 'a connection was left open')
    }
    assert.deepEqual(this.#unpaired(), [], 'an admission without its end, or with two')
    assert.deepEqual(new Set(this.finished), new Set(this.begun), 'every begun session ends')
    assert.equal(this.finished.length, this.begun.length, 'and ends once')
  }

  #unpaired(): Admission[] {
    const open = new Set<Admission>()
    const away = new Set<Admission>()
    const wrong: Admission[] = []
    for (const { name, event } of this.events) {
      if (name === 'admitted') {
        const { admission } = event as GateEvents['admitted']
        if (open.has(admission)) wrong.push(admission)
        open.add(admission)
      } else if (name === 'away' || name === 'back') {
        const { admission } = event as GateEvents['away' | 'back']
        const isAway = name === 'away'
        if (!open.has(admission) || away.has(admission) === isAway) wrong.push(admission)
        if (isAway) away.add(admission)
        else away.delete(admission)
      } else if (name === 'left') {
        const { admission } = event as GateEvents['left']
        if (!open.delete(admission)) wrong.push(admission)
      }
    }
    return [...wrong, ...open]
  }

  #print(name: string, event: unknown): void {
    this.output.push(`${name} ${inspect(event, { depth: 10 })} ${JSON.stringify(event)}`)
  }

  #createLogger(): Logger {
    const note = (fields: Record<string, unknown>, message: string): void => this.#print(message, fields)
    return { trace: note, debug: note, info: note, warn: note, error: note }
  }
}

/** Whoever is admitted, by connection. */
export function admissionOf(connection: MemoryConnection): Admission {
  assert.ok(connection.admission !== undefined, `not admitted: ${connection.code ?? 'still waiting'}`)
  return connection.admission
}

export function steamIdsOf(events: readonly { readonly steamId: SteamId }[]): SteamId[] {
  return events.map(({ steamId }) => steamId)
}
