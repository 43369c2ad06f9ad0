import assert from 'node:assert/strict'
import { type Admission, createGate, encodeMessage, type Gate, type GateOptions } from '@ticketgate/core'
import { playerId } from '../fixtures/fake-ticket.ts'
import { MemoryConnection } from '../fixtures/memory-connection.ts'
import { mintedAt } from '../fixtures/tickets.ts'
import { endScenes, type Scene, sessionTicket, startConnected, turns } from './harness.ts'

const ann = playerId(7)
let serial = 0n

/** A ticket of a player, another one each time. */
function ticketOf(steamId = ann, mint: Parameters<typeof sessionTicket>[0] = {}): Uint8Array {
  return sessionTicket({ steamId: BigInt(steamId), gcToken: ++serial, ...mint })
}

interface Doorway extends Scene {
  readonly gate: Gate
  present(ticket: Uint8Array, appId?: number): Promise<MemoryConnection>
  pass(ms?: number): Promise<void>
}

const doorways: Doorway[] = []

async function openGate(options: Partial<GateOptions> = {}): Promise<Doorway> {
  const scene = await startConnected()
  const gate = createGate({ backend: scene.server, identity: '', clock: scene.clock, ...options })
  const doorway: Doorway = {
    ...scene,
    gate,
    async pass(ms = 0) {
      await turns(4)
      await scene.clock.advanceAsync(ms)
      await turns(4)
    },
    async present(ticket, appId = 480) {
      const connection = new MemoryConnection().open(gate)
      connection.say(message(ticket, appId))
      await doorway.pass()
      return connection
    },
  }
  doorways.push(doorway)
  return doorway
}

function message(ticket: Uint8Array, appId = 480): string {
  return encodeMessage({
    ticketgate: 'ticket',
    kind: 'session',
    appId,
    data: Buffer.from(ticket).toString('hex'),
  })
}

function admissionOf({ admission, code }: MemoryConnection): Admission {
  assert.ok(admission, code)
  return admission
}

describe('a gate over a native game server', () => {
  afterEach(async () => {
    for (const { gate, pass } of doorways.splice(0)) {
      const closing = gate.close()
      await pass()
      await closing
    }
    await endScenes()
  })

  it('admits by the verdict and ends the session when the player leaves', async () => {
    const { present, library, server } = await openGate()
    const connection = await present(ticketOf())
    assert.equal(admissionOf(connection).steamId, ann)
    assert.equal(server.counts.open, 1)
    connection.leave()
    assert.equal(library.ended, 1)
  })

  it('publishes the SteamID of the present logon in every hello, and that of the last one while Steam is away', async () => {
    const { gate, library, pass } = await openGate()
    assert.equal((await gate.hello()).serverSteamId, '90071992547409921')
    library.sendDisconnected(3)
    await pass(100)
    assert.equal((await gate.hello()).serverSteamId, '90071992547409921')
    library.sendConnected(90_071_992_547_499_999n)
    await pass(100)
    assert.equal((await gate.hello()).serverSteamId, '90071992547499999')
  })

  it('refuses a second connection of a player by default, and does not ask Steam about it', async () => {
    const { present, library } = await openGate()
    const first = await present(ticketOf())
    const second = await present(ticketOf())
    assert.equal(second.code, 'already-playing')
    assert.equal(library.shown.length, 1)
    assert.equal(admissionOf(first).state, 'admitted')
  })

  it('replaces a player for a fresh ticket of theirs, with one session open at any time', async () => {
    const { present, library } = await openGate({ duplicates: 'replace' })
    const first = await present(ticketOf())
    const second = await present(ticketOf())
    assert.equal(first.code, 'replaced')
    assert.equal(admissionOf(second).state, 'admitted')
    assert.equal(library.begun, 2)
    assert.equal(library.ended, 1)
  })

  for (const [name, ticket, code] of [
    ['that is forged', () => ticketOf(ann, { signature: new Uint8Array(128) }), 'ticket-signature-invalid'],
    ['of another app', () => ticketOf(ann, { appId: 481 }), 'ticket-wrong-app'],
    ['of another kind', () => ticketOf(ann, { type: 5 }), 'ticket-wrong-kind'],
    ["with another player's half", () => ticketOf(ann, { issuer: BigInt(playerId(8)) }), 'ticket-spliced'],
    ['past its date', () => ticketOf(ann, { expiresAt: mintedAt - 1_000 }), 'ticket-expired'],
  ] as const) {
    it(`ends no session for a ticket ${name}`, async () => {
      const { present, library } = await openGate({ duplicates: 'replace' })
      const first = await present(ticketOf())
      const second = await present(ticket())
      assert.equal(second.code, code)
      assert.equal(admissionOf(first).state, 'admitted')
      assert.equal(library.ended, 0)
      assert.equal(library.shown.length, 1)
    })
  }

  it('ends no session for the very ticket that opened it', async () => {
    const { present, library } = await openGate({ duplicates: 'replace' })
    const ticket = ticketOf()
    const first = await present(ticket)
    const second = await present(ticket)
    assert.equal(second.code, 'ticket-replayed')
    assert.equal(admissionOf(first).state, 'admitted')
    assert.equal(library.ended, 0)
  })

  it('asks the older connection for a fresh ticket when Steam refuses the one that was to replace it', async () => {
    const { present, library, server, pass } = await openGate({ duplicates: 'replace' })
    const first = await present(ticketOf())
    library.verdict = 8
    const second = await present(ticketOf())
    assert.equal(second.code, 'ticket-invalid')
    library.verdict = 0
    first.say(message(ticketOf()))
    await pass()
    assert.equal(admissionOf(first).state, 'admitted')
    assert.equal(server.counts.open, 1)
  })

  it('asks for a fresh ticket when Steam says that one was cancelled (6), and keeps the player inside', async () => {
    const { present, library, server, pass } = await openGate()
    const connection = await present(ticketOf())
    library.sendVerdict(BigInt(ann), 6)
    await pass(100)
    assert.equal(connection.lastRenew.reason, 'ticket-canceled')
    assert.equal(server.counts.open, 0)
    connection.say(message(ticketOf()))
    await pass()
    assert.equal(admissionOf(connection).state, 'admitted')
    assert.equal(server.counts.open, 1)
  })

  for (const [response, code] of [
    [2, 'no-license'],
    [3, 'vac-banned'],
    [4, 'logged-in-elsewhere'],
    [9, 'publisher-banned'],
    [11, 'unknown-response'],
  ] as const) {
    it(`puts a player out with ${code} when Steam says ${response} while they play`, async () => {
      const { present, library, server, pass } = await openGate()
      const connection = await present(ticketOf())
      library.sendVerdict(BigInt(ann), response)
      await pass(100)
      assert.equal(connection.code, code)
      assert.equal(server.counts.open, 0)
    })
  }

  it('gives up on a verdict that never comes, and ends what it has begun', async () => {
    const { present, library, server, pass } = await openGate({ verdictTimeoutMs: 1_000 })
    library.verdict = undefined
    const connection = await present(ticketOf())
    await pass(1_050)
    assert.equal(connection.code, 'verdict-timeout')
    await pass(30_000)
    assert.equal(server.counts.open, 0)
    assert.equal(library.ended, 1)
  })

  for (const whenUnavailable of ['refuse', 'keep', 'provisional'] as const) {
    it(`keeps those inside when Steam is lost, with policy ${whenUnavailable}`, async () => {
      const { present, library, server, pass, gate } = await openGate({ whenUnavailable })
      const told: string[] = []
      gate.on('backendUnavailable', ({ backend }) => told.push(`unavailable ${backend}`))
      gate.on('backendRecovered', () => told.push('recovered'))
      const inside = await present(ticketOf())
      library.sendDisconnected(3)
      await pass(100)
      const newcomer = await present(ticketOf(playerId(8)))
      if (whenUnavailable === 'provisional') assert.equal(admissionOf(newcomer).provisional, true)
      else assert.equal(newcomer.code, 'backend-unavailable')
      assert.equal(admissionOf(inside).state, 'admitted')
      assert.equal(library.begun, 1)
      library.sendConnected()
      await pass(100)
      await pass(100)
      assert.equal(admissionOf(inside).state, 'admitted')
      assert.deepEqual(told, ['unavailable steam-game-server', 'recovered'])
      if (whenUnavailable === 'provisional') assert.equal(admissionOf(newcomer).provisional, false)
      else assert.equal((await present(ticketOf(playerId(8)))).code, undefined)
      assert.equal(server.counts.open, 2)
    })
  }

  it('refuses with backend-unavailable in the moment between the loss and the news of it', async () => {
    const { present, library } = await openGate()
    library.isLoggedOnNow = false
    assert.equal((await present(ticketOf())).code, 'backend-unavailable')
    assert.equal(library.shown.length, 0)
  })

  it('closes the game server when it is closed, with every session ended', async () => {
    const { present, library, server, gate, pass } = await openGate()
    for (let n = 1; n <= 10; n++) await present(ticketOf(playerId(n)))
    const closing = gate.close()
    await pass()
    await closing
    assert.equal(server.state, 'closed')
    assert.equal(library.ended, 10)
    assert.equal(library.isUp, false)
  })
})
