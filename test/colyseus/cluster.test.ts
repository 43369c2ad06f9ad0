import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Client } from '@colyseus/sdk'
import { createTicketgateClient, type JoinedRoom, type TicketgateClient } from '@ticketgate/colyseus/client'
import type { TicketSource } from '@ticketgate/core/client'
import {
  createSimulatedSteam,
  type SimulatedAccount,
  type SimulatedSteam,
  type SimulatedWebApi,
} from '@ticketgate/simulator'
import type { NodeOptions, NodeReport } from '../fixtures/colyseus-node.ts'
import { RedisServer } from '../fixtures/redis-server.ts'

const script = fileURLToPath(new URL('../fixtures/colyseus-node.ts', import.meta.url))

/** A process with a Colyseus server, and the line to it. */
class Node {
  readonly port: number
  /** As Colyseus names it in seat reservations. */
  readonly processId: string
  readonly #child: ChildProcess
  /** Who waits for which answer. One listener for all, because several messages may come in one turn. */
  readonly #waiting = new Map<number, (answer: unknown) => void>()
  #asked = 0

  private constructor(child: ChildProcess, port: number, processId: string) {
    this.#child = child
    this.port = port
    this.processId = processId
    child.on('message', ({ id, answer }: { id: number; answer: unknown }) => {
      this.#waiting.get(id)?.(answer)
      this.#waiting.delete(id)
    })
  }

  /** Those that a test has started and that have not ended. */
  static readonly #running = new Set<ChildProcess>()

  /** After a test that never came to its end. */
  static killAll(): void {
    for (const child of Node.#running) child.kill('SIGKILL')
  }

  static start(options: NodeOptions): Promise<Node> {
    const child = fork(script, {
      execArgv: ['--conditions=@ticketgate/source'],
      env: { ...process.env, TICKETGATE_NODE: JSON.stringify(options) },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    Node.#running.add(child)
    return new Promise((resolve, reject) => {
      child.once('exit', (code, signal) => {
        Node.#running.delete(child)
        reject(new Error(`the node ended with ${code ?? signal}`))
      })
      // Colyseus says 'ready' to process managers, before or after us.
      child.on('message', function listen({ port, processId }: { port?: number; processId?: string }) {
        if (port === undefined) return
        child.removeListener('message', listen)
        resolve(new Node(child, port, processId ?? ''))
      })
    })
  }

  ask<Answer>(ask: string, more: object = {}): Promise<Answer> {
    const id = ++this.#asked
    return new Promise((resolve) => {
      this.#waiting.set(id, (answer) => resolve(answer as Answer))
      this.#child.send({ id, ask, ...more })
    })
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

  /** Ends it as a crash does: nothing is said to anybody. */
  async kill(): Promise<void> {
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exited
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
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
    Node.killAll()
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

  /** The SDK as it is where rooms have an address of their own: each process one, named by its seats. */
  function sdk(matchmaking: Node, ...rooms: Node[]): Client {
    return new Client(`http://127.0.0.1:${matchmaking.port}`, {
      urlBuilder: (url) => {
        const [, processId] = url.pathname.split('/')
        const host = rooms.find((node) => node.processId === processId)
        if (url.protocol === 'ws:' && host !== undefined) url.port = String(host.port)
        return url.toString()
      },
    })
  }

  function sourceOf(account: SimulatedAccount): TicketSource {
    return {
      kinds: ['webapi'],
      getTicket: async ({ identity }) => ({
        data: steam.mintTicket(account, { kind: 'webapi', ...(identity !== undefined && { identity }) }).data,
        cancel() {},
      }),
    }
  }

  /** Enters the arena, and comes back at once when the line is cut. */
  async function enter(client: TicketgateClient): Promise<JoinedRoom> {
    const entered = await client.joinOrCreate('arena')
    assert.ok(entered.ok, entered.ok ? '' : `${entered.code}: ${entered.message}`)
    Object.assign(entered.room.reconnection, { minUptime: 0, minDelay: 0, delay: 0 })
    assert.ok((await entered.admitted).ok)
    return entered
  }

  it('begins the session once, and holds it where the room is, by a pass in the seat', async () => {
    await using rooms = await Node.start(options('rooms'))
    await using matchmaking = await Node.start(options('matchmaking'))
    const account = steam.createAccount({ name: 'player' })
    const client = createTicketgateClient({ client: sdk(matchmaking, rooms), source: sourceOf(account) })
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
    const source = sourceOf(account)
    const refused = await createTicketgateClient({ client: sdk(matchmaking, rooms), source }).joinOrCreate('arena')
    assert.equal(refused.ok ? '' : refused.code, 'backend-misconfigured')
    assert.equal(webApi.calls.AuthenticateUserTicket ?? 0, 0)
    assert.equal((await rooms.report()).rooms, 0)
  })

  describe('a player whose line is cut', () => {
    async function play(reconnectionSeconds: number) {
      const rooms = await Node.start(options('rooms', { reconnectionSeconds }))
      const matchmaking = await Node.start(options('matchmaking'))
      const account = steam.createAccount({ name: 'player' })
      const client = createTicketgateClient({ client: sdk(matchmaking, rooms), source: sourceOf(account) })
      const entered = await enter(client)
      await matchmaking.until(({ sessions }) => sessions === 0)
      return { rooms, matchmaking, account, client, entered }
    }

    it('returns in time to the session, which has stayed in the process of the room', async () => {
      const { rooms, matchmaking, entered } = await play(60)
      await using _rooms = rooms
      await using _matchmaking = matchmaking
      const returned = new Promise<void>((resolve) => entered.room.onReconnect(resolve))
      await rooms.ask('cut')
      await returned
      const back = await rooms.until(({ seen }) => seen.at(-1) === 'onReconnect')
      assert.deepEqual([back.begun, back.ended, back.admissions], [1, 0, 1])
      assert.deepEqual(back.seen, ['onCreate ', 'onJoin ', 'onDrop 1006', 'onReconnect'])
      entered.leave()
      assert.equal(await entered.ended, undefined)
      const after = await rooms.until(({ ended }) => ended === 1)
      assert.deepEqual([after.begun, after.seen.at(-1)], [1, 'onLeave 4000'])
      assert.equal(webApi.calls.AuthenticateUserTicket, 1)
    })

    it('is too late when the window is over, and the session has ended once', async () => {
      const { rooms, matchmaking, entered, client, account } = await play(0.05)
      await using _rooms = rooms
      await using _matchmaking = matchmaking
      entered.room.reconnection.enabled = false
      await rooms.ask('cut')
      const gone = await rooms.until(({ ended }) => ended === 1)
      assert.deepEqual([gone.begun, gone.sessions, gone.admissions], [1, 0, 0])
      await assert.rejects(client.reconnect(entered.room.reconnectionToken))
      // A fresh ticket is as good as anybody's.
      const again = await enter(client)
      assert.equal((await rooms.report()).joined.at(-1)?.steamId, account.steamId)
      again.leave()
      const after = await rooms.until(({ ended }) => ended === 2)
      assert.equal(after.begun, 2)
    })

    it('is told so when they were banned meanwhile, by an operator of another process', async () => {
      const { rooms, matchmaking, entered, client, account } = await play(60)
      await using _rooms = rooms
      await using _matchmaking = matchmaking
      // Somebody else keeps the room open.
      const other = sourceOf(steam.createAccount({ name: 'other' }))
      const stays = await enter(createTicketgateClient({ client: sdk(matchmaking, rooms), source: other }))
      entered.room.reconnection.enabled = false
      await rooms.ask('cut')
      await rooms.until(({ seen }) => seen.filter((line) => line === 'onDrop 1006').length === 2)
      await rooms.until(({ seen }) => seen.includes('onReconnect'))
      await matchmaking.ask('kick', { steamId: account.steamId, code: 'banned' })
      const gone = await rooms.until(({ seen }) => seen.includes('onLeave 4454'))
      assert.deepEqual([gone.begun, gone.ended, gone.sessions, gone.admissions], [2, 1, 1, 1])
      const again = await client.reconnect(entered.room.reconnectionToken)
      assert.equal(again.ok ? '' : again.code, 'banned')
      assert.equal((await rooms.report()).ended, 1)
      stays.leave()
      await rooms.until(({ ended }) => ended === 2)
    })
  })

  describe('a seat that a room hands on to a room in another process', () => {
    interface Queued {
      readonly account: SimulatedAccount
      readonly client: TicketgateClient
      readonly room: JoinedRoom
      /** Resolves with the seat that QueueRoom sends. */
      readonly seat: Promise<never>
    }

    function seatOf({ room }: JoinedRoom): Promise<never> {
      room.reconnection.enabled = false
      room.onMessage('clients', () => {})
      return new Promise((resolve) => room.onMessage('seat', (seat) => resolve(seat as never)))
    }

    /** Two players in Colyseus' own QueueRoom in one process; the match they get is in another. */
    async function queue(queues: Node, arenas: Node, count = 2): Promise<Queued[]> {
      await queues.ask('host', { processId: queues.processId })
      const players: Queued[] = []
      for (let index = 0; index < count; index++) {
        const account = steam.createAccount({ name: `player-${index}` })
        const client = createTicketgateClient({ client: sdk(queues, queues, arenas), source: sourceOf(account) })
        const room = await client.joinOrCreate('queue', { rank: 1 })
        assert.ok(room.ok, room.ok ? '' : `${room.code}: ${room.message}`)
        // At once: the match may be ready by now.
        const seat = seatOf(room)
        await queues.ask('host', { processId: arenas.processId })
        players.push({ account, client, room, seat })
      }
      return players
    }

    it('is taken on the strength of the session, which goes there, and Steam is asked once', async () => {
      await using queues = await Node.start(options('rooms', { name: 'queues' }))
      await using arenas = await Node.start(options('rooms', { name: 'arenas' }))
      const players = await queue(queues, arenas)
      const entered: JoinedRoom[] = []
      for (const { client, seat } of players) {
        const joined = await client.consumeSeatReservation(await seat)
        assert.ok(joined.ok, joined.ok ? '' : `${joined.code}: ${joined.message}`)
        assert.ok((await joined.admitted).ok)
        entered.push(joined)
      }
      const inside = await arenas.report()
      assert.deepEqual([inside.rooms, inside.begun, inside.ended, inside.admissions], [1, 2, 0, 2])
      assert.deepEqual(
        inside.joined.map(({ steamId }) => steamId),
        players.map(({ account }) => account.steamId),
      )
      for (const auth of inside.joined) assert.ok(!('pass' in auth) && !('isReserved' in auth))
      assert.equal(webApi.calls.AuthenticateUserTicket, 2)
      // Their queue has closed behind them.
      for (const { room } of players) assert.equal((await room.ended)?.code, 'replaced')
      const left = await queues.until(({ sessions }) => sessions === 0)
      assert.deepEqual(
        left.seen.filter((line) => line.startsWith('queue')),
        Array(2).fill('queue: onLeave 4451'),
      )
      for (const { leave } of entered) leave()
      await arenas.until(({ ended }) => ended === 2)
    })

    it('is nobody else’s, and none once its player has left the queue', async () => {
      await using queues = await Node.start(options('rooms', { name: 'queues' }))
      await using arenas = await Node.start(options('rooms', { name: 'arenas' }))
      const [gone, stays] = (await queue(queues, arenas)) as [Queued, Queued]
      const seats = [await gone.seat, await stays.seat] as const
      gone.room.leave()
      await queues.until(({ sessions }) => sessions === 1)
      const refused = await gone.client.consumeSeatReservation(seats[0])
      assert.equal(refused.ok ? '' : refused.code, 'reservation-expired')
      const joined = await stays.client.consumeSeatReservation(seats[1])
      assert.ok(joined.ok)
      // The seat is taken: whoever else brings it finds it gone, as without a gate.
      await assert.rejects(gone.client.consumeSeatReservation(seats[1]))
      const inside = await arenas.report()
      assert.deepEqual([inside.admissions, inside.joined.map(({ steamId }) => steamId)], [1, [stays.account.steamId]])
      joined.leave()
      await arenas.until(({ ended }) => ended === 1)
    })

    it('is none when the process that has the session is gone', async () => {
      const queues = await Node.start(options('rooms', { name: 'queues' }))
      await using _queues = queues
      await using arenas = await Node.start(options('rooms', { name: 'arenas' }))
      const [player] = (await queue(queues, arenas)) as [Queued, Queued]
      const seat = await player.seat
      await queues.kill()
      const refused = await player.client.consumeSeatReservation(seat)
      assert.equal(refused.ok ? '' : refused.code, 'pass-invalid')
      assert.deepEqual((await arenas.report()).joined, [])
    })

    it('is none where sessions belong to one process: a fresh ticket for the room is what its player needs', async () => {
      const { webApi: _webApi, ...native } = options('rooms', { verifyIn: 'room', hasPasses: false })
      await using queues = await Node.start({ ...native, name: 'queues' })
      await using arenas = await Node.start({ ...native, name: 'arenas' })
      await queues.ask('host', { processId: queues.processId })
      const join = async (name: string): Promise<Queued> => {
        const sdkClient = sdk(queues, queues, arenas)
        const source = (node: Node): TicketSource => ({
          kinds: ['session'],
          getTicket: async () => ({ data: await node.ask<string>('ticket', { name }), cancel() {} }),
        })
        const room = await createTicketgateClient({ client: sdkClient, source: source(queues) }).joinOrCreate('queue', {
          rank: 1,
        })
        assert.ok(room.ok, room.ok ? '' : `${room.code}: ${room.message}`)
        // At once: the match may be ready by now.
        const seat = seatOf(room)
        await queues.ask('host', { processId: arenas.processId })
        const client = createTicketgateClient({ client: sdkClient, source: source(arenas) })
        return { account: undefined as never, client, room, seat }
      }
      const [first, second] = [await join('first'), await join('second')]
      const seat = (await first.seat) as { roomId: string }
      const refused = await first.client.consumeSeatReservation(seat as never)
      assert.equal(refused.ok ? '' : refused.code, 'pass-invalid')
      assert.equal((await queues.report()).sessions, 2, 'the session stays where it was')
      const early = await first.client.joinById(seat.roomId)
      assert.equal(early.ok ? '' : early.code, 'already-playing')
      first.room.leave()
      await queues.until(({ sessions }) => sessions === 1)
      const joined = await first.client.joinById(seat.roomId)
      assert.ok(joined.ok, joined.ok ? '' : `${joined.code}: ${joined.message}`)
      // The one that was refused had been asked about.
      await arenas.until(({ begun, sessions }) => begun === 2 && sessions === 1)
      for (const { leave } of [joined, second.room]) leave()
      await arenas.until(({ ended }) => ended === 2)
      await queues.until(({ ended }) => ended === 2)
    })
  })

  it('lets a player in again whose room has died with its process, and begins one session for it', async () => {
    const rooms = await Node.start(options('rooms', { name: 'rooms-1', reconnectionSeconds: 60 }))
    await using _rooms = rooms
    await using matchmaking = await Node.start(options('matchmaking'))
    const account = steam.createAccount({ name: 'player' })
    const source = sourceOf(account)
    const entered = await enter(createTicketgateClient({ client: sdk(matchmaking, rooms), source }))
    Object.assign(entered.room.reconnection, { maxRetries: 1 })
    await rooms.kill()
    const ended = await entered.ended
    assert.equal(ended?.code, 'connection-lost')

    await using successor = await Node.start(options('rooms', { name: 'rooms-2' }))
    const again = await enter(createTicketgateClient({ client: sdk(matchmaking, successor), source }))
    const inside = await successor.report()
    assert.deepEqual([inside.begun, inside.ended, inside.sessions, inside.admissions], [1, 0, 1, 1])
    assert.equal(inside.joined[0]?.steamId, account.steamId)
    await matchmaking.until(({ sessions }) => sessions === 0)
    again.leave()
    assert.equal(await again.ended, undefined)
    const after = await successor.until(({ ended: count }) => count === 1)
    assert.deepEqual([after.begun, after.admissions], [1, 0])
  })

  it('keeps those inside when the process that made the match is gone, through a cut line as well', async () => {
    await using rooms = await Node.start(options('rooms', { reconnectionSeconds: 60 }))
    const matchmaking = await Node.start(options('matchmaking', { name: 'matchmaking-1' }))
    await using _matchmaking = matchmaking
    const source = sourceOf(steam.createAccount({ name: 'player' }))
    const entered = await enter(createTicketgateClient({ client: sdk(matchmaking, rooms), source }))
    await matchmaking.kill()
    const returned = new Promise<void>((resolve) => entered.room.onReconnect(resolve))
    await rooms.ask('cut')
    await returned
    const inside = await rooms.until(({ seen }) => seen.at(-1) === 'onReconnect')
    assert.deepEqual([inside.begun, inside.ended, inside.admissions], [1, 0, 1])

    // Whoever comes next is let in by its successor, into the same room.
    await using successor = await Node.start(options('matchmaking', { name: 'matchmaking-2' }))
    const other = sourceOf(steam.createAccount({ name: 'other' }))
    const second = await enter(createTicketgateClient({ client: sdk(successor, rooms), source: other }))
    assert.equal(second.room.roomId, entered.room.roomId)
    for (const { leave } of [entered, second]) leave()
    const after = await rooms.until(({ ended }) => ended === 2)
    assert.deepEqual([after.begun, after.sessions, after.admissions], [2, 0, 0])
  })
})
