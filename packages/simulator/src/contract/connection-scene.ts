import assert from 'node:assert/strict'
import { createGate, type Gate, type GateEvents, type GateOptions, type TicketMessage } from '@ticketgate/core'
import { type TicketSource, toBase64Url } from '@ticketgate/core/client'
import type { SimulatedAccount } from '../account.ts'
import type { SimulatedGameServer } from '../game-server/game-server.ts'
import { createSimulatedSteam, type SimulatedSteam } from '../steam.ts'
import type { MintTicketOptions } from '../ticket/create-ticket.ts'
import type { ConnectionSubject, ContractArrival, ContractClient, MakeConnectionSubject } from './connection-subject.ts'
import { StandingClock } from './standing-clock.ts'

/** @internal Simulated Steam, a gate and the transport before it. */
export class Scene {
  readonly steam: SimulatedSteam = createSimulatedSteam({ apps: [480, 481] })
  readonly server: SimulatedGameServer = this.steam.gameServer()
  readonly clock = new StandingClock()
  readonly gate: Gate
  readonly admitted: GateEvents['admitted'][] = []
  readonly left: GateEvents['left'][] = []
  readonly refused: GateEvents['refused']['refusal'][] = []
  renewals = 0
  subject!: ConnectionSubject

  constructor(options: Partial<GateOptions> = {}) {
    this.gate = createGate({ backend: this.server, identity: 'contract', clock: this.clock, ...options })
    this.gate.on('admitted', (event) => void this.admitted.push(event))
    this.gate.on('left', (event) => void this.left.push(event))
    this.gate.on('refused', ({ refusal }) => void this.refused.push(refusal))
    this.gate.on('renewed', () => {
      this.renewals += 1
    })
  }

  async enter(account = this.steam.createAccount({ name: 'player' })): Promise<{
    readonly account: SimulatedAccount
    readonly client: ContractClient
    readonly arrival: ContractArrival
  }> {
    return { account, ...(await this.enterWith(this.source(account))) }
  }

  async enterWith(source: TicketSource): Promise<{ client: ContractClient; arrival: ContractArrival }> {
    const count = this.subject.arrivals.length
    const client = await this.subject.join(source)
    assert.ok(client.ok, client.ok ? '' : `refused with ${client.code}: ${client.detail}`)
    await until(() => this.subject.arrivals.length > count)
    return { client, arrival: this.subject.arrivals.at(-1)! }
  }

  ticketMessage(account = this.steam.createAccount({ name: 'player' }), options?: MintTicketOptions): TicketMessage {
    const { kind, appId, data } = this.steam.mintTicket(account, { kind: 'session', ...options })
    return { ticketgate: 'ticket', kind, appId, data: toBase64Url(data) }
  }

  /** Fresh tickets, and a Steam that does not hear of their end: what follows is then the transport's doing. */
  source(account: SimulatedAccount): TicketSource {
    return {
      kinds: ['session'],
      getTicket: async () => ({ data: this.ticketMessage(account).data, cancel() {} }),
    }
  }

  /** One certain ticket, whatever the server asks for. */
  sourceOf(text: string): TicketSource {
    const { data } = JSON.parse(text) as TicketMessage
    return { kinds: ['session'], getTicket: async () => ({ data, cancel() {} }) }
  }

  async dispose(): Promise<void> {
    await this.subject.dispose()
    await this.gate.close()
    await this.steam.close()
  }

  assertNothingHeld(): void {
    const { begun, ended, open, strayEnds } = this.server.ledger
    assert.deepEqual({ ended, open, strayEnds }, { ended: begun, open: 0, strayEnds: 0 })
    const { pending, players, admissions, sessions } = this.gate.counts
    assert.deepEqual({ pending, players, admissions, sessions }, { pending: 0, players: 0, admissions: 0, sessions: 0 })
    assert.equal(this.clock.timers, 0)
  }
}

/** @internal */
export async function createScene(make: MakeConnectionSubject, options?: Partial<GateOptions>): Promise<Scene> {
  const scene = new Scene(options)
  scene.subject = await make(scene.gate)
  return scene
}

/** @internal Lets the event loop turn until it is so; what never comes fails by the runner's own timeout. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve))
}
