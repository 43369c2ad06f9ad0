import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Client } from '@colyseus/sdk'
import { createTicketgateClient } from '@ticketgate/colyseus/client'
import { createSimulatedSteam, type SimulatedSteam, type SimulatedWebApi } from '@ticketgate/simulator'
import type { NodeOptions, NodeReport } from '../fixtures/colyseus-node.ts'
import { RedisServer } from '../fixtures/redis-server.ts'

const script = fileURLToPath(new URL('../fixtures/colyseus-node.ts', import.meta.url))

/** A process with a Colyseus server, and the line to it. */
class Node {
  readonly port: number
  readonly #child: ChildProcess
  #asked = 0

  private constructor(child: ChildProcess, port: number) {
    this.#child = child
    this.port = port
  }

  static async start(options: NodeOptions): Promise<Node> {
    const child = fork(script, {
      execArgv: ['--conditions=@ticketgate/source'],
      env: { ...process.env, TICKETGATE_NODE: JSON.stringify(options) },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    for (;;) {
      // Colyseus says 'ready' to process managers.
      const [message] = (await once(child, 'message')) as [{ port?: number }]
      if (message.port !== undefined) return new Node(child, message.port)
    }
  }

  async ask<Answer>(ask: string, more: object = {}): Promise<Answer> {
    const id = ++this.#asked
    this.#child.send({ id, ask, ...more })
    for (;;) {
      const [message] = (await once(this.#child, 'message')) as [{ id: number; answer: Answer }]
      if (message.id === id) return message.answer
    }
  }

  report(): Promise<NodeReport> {
    return this.ask<NodeReport>('report')
  }

  /** Asks until it is so. */
  async until(isSo: (report: NodeReport) => boolean): Promise<NodeReport> {
    for (;;) {
      const report = await this.report()
      if (isSo(report)) return report
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#child, 'exit')
    this.#child.send({ id: 0, ask: 'stop' })
    await exited
  }
}

describe('matchmaking in one process and rooms in another', function () {
  this.timeout(30_000)
  let redis: RedisServer
  let steam: SimulatedSteam
  let webApi: SimulatedWebApi
  const print = { info: console.info, warn: console.warn }

  beforeEach(async () => {
    Object.assign(console, { info() {}, warn() {} })
    redis = await RedisServer.start()
    steam = createSimulatedSteam()
    webApi = await steam.listenWebApi()
  })
  afterEach(async () => {
    await steam.close()
    await redis[Symbol.asyncDispose]()
    Object.assign(console, print)
  })

  function options(role: NodeOptions['role'], more: Partial<NodeOptions> = {}): NodeOptions {
    const { url, key } = webApi
    return {
      redis: redis.path,
      role,
      verifyIn: 'matchmaking',
      hasPasses: true,
      webApi: { url, key, publicKey: steam.publicKey },
      ...more,
    }
  }

  /** The SDK as it is where rooms have an address of their own. */
  function sdk(matchmaking: Node, rooms: Node): Client {
    return new Client(`http://127.0.0.1:${matchmaking.port}`, {
      urlBuilder: (url) => {
        if (url.protocol === 'ws:') url.port = String(rooms.port)
        return url.toString()
      },
    })
  }

  it('begins the session once, and holds it where the room is, by a pass in the seat', async () => {
    await using rooms = await Node.start(options('rooms'))
    await using matchmaking = await Node.start(options('matchmaking'))
    const account = steam.createAccount({ name: 'player' })
    const source = {
      kinds: ['webapi'] as const,
      getTicket: async ({ identity }: { identity: string }) => ({
        data: steam.mintTicket(account, { kind: 'webapi', identity }).data,
        cancel() {},
      }),
    }
    const client = createTicketgateClient({ client: sdk(matchmaking, rooms), source })
    const entered = await client.joinOrCreate('arena')
    assert.ok(entered.ok, entered.ok ? '' : entered.code)
    const admitted = await entered.admitted
    assert.ok(admitted.ok)
    assert.equal(admitted.steamId, account.steamId)
    assert.equal(webApi.calls.AuthenticateUserTicket, 1)
    const inside = await rooms.report()
    assert.deepEqual([inside.rooms, inside.sessions, inside.admissions], [1, 1, 1])
    assert.equal(inside.joined[0]?.steamId, account.steamId)
    assert.ok(!('pass' in inside.joined[0]!))
    assert.deepEqual(inside.seen, ['onCreate ', 'onJoin '])
    const made = await matchmaking.until(({ sessions }) => sessions === 0)
    assert.equal(made.rooms, 0)

    // Ends anywhere reach the room.
    await matchmaking.ask('kick', { steamId: account.steamId })
    assert.equal((await entered.ended)?.code, 'kicked')
    const after = await rooms.until(({ sessions }) => sessions === 0)
    assert.deepEqual(after.seen.at(-1), 'onLeave 4453')
  })

  it("has the room's process verify where a backend's sessions belong to one process", async () => {
    const more = { verifyIn: 'room', hasPasses: false } as const
    const { webApi: _webApi, ...native } = options('rooms', more)
    await using rooms = await Node.start(native)
    await using matchmaking = await Node.start({ ...native, role: 'matchmaking' })
    const source = {
      kinds: ['session'] as const,
      getTicket: async () => ({ data: await rooms.ask<string>('ticket'), cancel() {} }),
    }
    const client = createTicketgateClient({ client: sdk(matchmaking, rooms), source })
    const entered = await client.joinOrCreate('arena')
    assert.ok(entered.ok, entered.ok ? '' : entered.code)
    assert.ok((await entered.admitted).ok)
    const inside = await rooms.report()
    assert.deepEqual([inside.begun, inside.ended, inside.seen.length], [1, 0, 2])
    assert.deepEqual(inside.seen, ['onCreate ', 'onJoin '])
    assert.equal((await matchmaking.report()).begun, 0)
    entered.leave()
    assert.equal(await entered.ended, undefined)
    await rooms.until(({ begun, ended }) => begun === 1 && ended === 1)
  })

  it('refuses everybody while it cannot tell how the room would know them', async () => {
    await using rooms = await Node.start(options('rooms', { hasPasses: false }))
    await using matchmaking = await Node.start(options('matchmaking', { hasPasses: false }))
    const account = steam.createAccount({ name: 'player' })
    const source = {
      kinds: ['webapi'] as const,
      getTicket: async () => ({
        data: steam.mintTicket(account, { kind: 'webapi', identity: 'my-game' }).data,
        cancel() {},
      }),
    }
    const refused = await createTicketgateClient({ client: sdk(matchmaking, rooms), source }).joinOrCreate('arena')
    assert.equal(refused.ok ? '' : refused.code, 'backend-misconfigured')
    assert.equal(webApi.calls.AuthenticateUserTicket ?? 0, 0)
    assert.equal((await rooms.report()).rooms, 0)
  })
})
