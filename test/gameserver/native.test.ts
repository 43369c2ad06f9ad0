import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Authentication, type BackendEvent, type Verdict } from '@ticketgate/core'
import { createGameServer, type GameServer, type GameServerError } from '@ticketgate/gameserver'
import type { MintTicketOptions, SimulatedAccount } from '@ticketgate/simulator'
import { steamLibraryPath } from '../fixtures/koffi-game-server.ts'
import { type NativeScene, openNativeSteam, startNativeServer } from '../fixtures/native-steam.ts'
import { skip } from '../support/skip.ts'
import { requireSteamClient } from '../support/steam-client.ts'

/** The next thing the backend reports that fits. */
function next<Type extends BackendEvent['type']>(
  server: GameServer,
  type: Type,
): Promise<Extract<BackendEvent, { type: Type }>> {
  return new Promise((resolve) => {
    const unsubscribe = server.subscribe((event) => {
      if (event.type !== type) return
      unsubscribe()
      resolve(event as Extract<BackendEvent, { type: Type }>)
    })
  })
}

async function begin({ steam, server }: NativeScene, account: SimulatedAccount, mint: Partial<MintTicketOptions> = {}) {
  const { data } = steam.mintTicket(account, { kind: 'session', ...mint })
  return server.beginAuthSession!(
    { ticket: server.inspectTicket!(data), steamId: account.steamId, identity: undefined },
    undefined,
  )
}

async function decide(scene: NativeScene, account: SimulatedAccount): Promise<Verdict> {
  const verdict = next(scene.server, 'verdict')
  assert.deepEqual(await begin(scene, account), { type: 'begun' })
  return (await verdict).verdict
}

describe("native game server through Valve's library", function () {
  this.timeout(30_000)

  before(async function () {
    await requireSteamClient(this)
  })

  for (const sdk of ['1.60', '1.62'] as const) {
    it(`begins, hears the verdict, is told of a cancelled ticket and ends, with SDK ${sdk}`, async () => {
      await using scene = await startNativeServer({ libraryPath: steamLibraryPath(sdk) })
      const { steam, server, seen } = scene
      assert.equal(server.serverSteamId, seen.steamId)
      const account = steam.createAccount({ name: 'Ann' })
      const ticket = steam.mintTicket(account, { kind: 'session' })
      const first = next(server, 'verdict')
      await server.beginAuthSession!(
        { ticket: server.inspectTicket!(ticket.data), steamId: account.steamId, identity: undefined },
        undefined,
      )
      const { steamId } = account
      assert.deepEqual((await first).verdict, { steamId, ownerSteamId: steamId, response: 0 })
      assert.equal(server.userHasLicenseForApp!(steamId, 480), 0)
      assert.equal(server.userHasLicenseForApp!(steamId, 490), 1)
      const second = next(server, 'verdict')
      ticket.cancel()
      assert.deepEqual((await second).verdict, { steamId, ownerSteamId: steamId, response: 6 })
      server.endAuthSession!(steamId)
      assert.deepEqual(scene.sessions(), { begun: 1, ended: 1, open: 0 })
    })
  }

  it('has the settings it was given', async () => {
    await using scene = await startNativeServer({ mode: 'authentication', ports: { game: 7_777 } })
    assert.equal(scene.seen.isSecure, false)
    assert.equal(scene.server.isSecure, false)
    assert.equal(scene.seen.gamePort, 7_777)
    assert.equal(scene.seen.queryPort, 0xffff)
    assert.equal(scene.seen.appId, 480)
  })

  it('is secure once callback 115 has come', async () => {
    await using scene = await startNativeServer()
    while (!scene.server.isSecure) await new Promise((resolve) => setTimeout(resolve, 1))
    assert.equal(scene.seen.isSecure, true)
  })

  it('names the owner of a borrowed copy', async () => {
    await using scene = await startNativeServer()
    const lender = scene.steam.createAccount({ name: 'Kim' })
    const borrower = scene.steam.createAccount({ name: 'Robin', borrowsFrom: lender })
    assert.equal((await decide(scene, borrower)).ownerSteamId, lender.steamId)
  })

  it('reads every response as Steam sends it, unknown ones too', async () => {
    await using scene = await startNativeServer()
    const account = scene.steam.createAccount({ name: 'Ann' })
    await decide(scene, account)
    for (const response of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, -1]) {
      const verdict = next(scene.server, 'verdict')
      scene.seen.emitVerdict({ steamId: account.steamId, response })
      assert.equal((await verdict).verdict.response, response)
    }
  })

  it('is a persistent server with a token, an anonymous one without', async () => {
    for (const [token, accountType] of [
      ['A'.repeat(32), 3n],
      [undefined, 4n],
    ] as const) {
      await using scene = await startNativeServer(token === undefined ? {} : { token })
      assert.equal((BigInt(scene.server.serverSteamId ?? 0) >> 52n) & 0xfn, accountType)
    }
  })

  it('is lost and found, as another server', async () => {
    await using scene = await startNativeServer()
    const { server, seen, steam } = scene
    const account = steam.createAccount({ name: 'Ann' })
    await decide(scene, account)
    const before = server.serverSteamId
    const lost = next(server, 'unavailable')
    seen.disconnect()
    await lost
    assert.equal(server.state, 'reconnecting')
    await assert.rejects(begin(scene, steam.createAccount({ name: 'Bob' })), { code: 'ERR_BACKEND' })
    const found = next(server, 'recovered')
    seen.reconnect()
    await found
    assert.notEqual(server.serverSteamId, before)
    assert.equal(server.serverSteamId, seen.steamId)
    assert.equal(server.counts.open, 1)
  })

  it('fails at once when its token is refused', async () => {
    await using world = await openNativeSteam()
    Object.assign(world.native.serverFaults, { logonResult: 106, isLogonRetrying: true })
    const server = await createGameServer({
      appId: 480,
      product: 'test-game',
      description: 'A game under test',
      token: 'A'.repeat(32),
      steamClientPath: world.native.steamClientPath,
    })
    try {
      await assert.rejects(server.ready(), (error: GameServerError) => error.reason === 'token-refused')
      assert.equal(server.state, 'failed')
    } finally {
      await server.close()
    }
  })

  it('issues tickets of its own that another backend would read', async () => {
    await using scene = await startNativeServer()
    const { server } = scene
    const ticket = await server.issueTicket!({ kind: 'session', identity: 'ip:192.0.2.7:27015' })
    const reading = server.inspectTicket!(ticket.data)
    assert.equal(reading.data.byteLength, ticket.data.byteLength)
    assert.equal(reading.kind, 'session')
    assert.equal(reading.appId, 480)
    server.cancelTicket!(ticket.handle)
  })

  it('serves Authentication, which leaves nothing open', async () => {
    await using scene = await startNativeServer()
    const authentication = new Authentication({ backend: scene.server })
    const accounts = Array.from({ length: 20 }, (_, n) => scene.steam.createAccount({ name: `player ${n}` }))
    const outcomes = await Promise.all(
      accounts.map((account) =>
        authentication.beginAuthSession(scene.steam.mintTicket(account, { kind: 'session' }).data),
      ),
    )
    assert.ok(outcomes.every(({ ok }) => ok))
    assert.equal(scene.sessions().open, 20)
    await authentication.close()
    assert.deepEqual(scene.sessions(), { begun: 20, ended: 20, open: 0 })
  })

  it('starts, closes and starts again in one process', async () => {
    for (let count = 0; count < 3; count++) {
      await using scene = await startNativeServer()
      assert.equal((await decide(scene, scene.steam.createAccount({ name: 'Ann' }))).response, 0)
    }
  })

  it('refuses to start beside another, and names a port that is taken', async () => {
    const socket = createSocket('udp4')
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    const { port } = socket.address()
    try {
      await assert.rejects(
        startNativeServer({ ports: { query: port } }),
        (error: GameServerError) => error.reason === 'ports' && error.libraryMessage === 'InitGameServer failed',
      )
    } finally {
      socket.close()
    }
    // What failed late has been shut down.
    await using scene = await startNativeServer()
    assert.equal(scene.server.state, 'connected')
    await assert.rejects(createGameServer({ appId: 480, product: 'x', description: 'x' }), {
      reason: 'already-running',
    })
  })
})

describe("native game server that Valve's library does not start", function () {
  this.timeout(30_000)
  let home: string

  before(function () {
    if (process.platform !== 'linux') skip(this, 'what the library says is known of Linux alone')
  })
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'ticketgate-home-'))
  })
  afterEach(() => rmSync(home, { recursive: true }))

  it('says where steamclient.so is missing', async () => {
    const { error } = await tryToStart({ HOME: home })
    assert.equal(error.code, 'ERR_STEAM_INIT')
    assert.equal(error.reason, 'steamclient-missing')
    assert.equal(error.libraryMessage, `Failed to load module '${home}/.steam/sdk64/steamclient.so'`)
  })

  it('says that HOME is not set', async () => {
    const { error } = await tryToStart({ HOME: undefined })
    assert.equal(error.reason, 'steamclient-missing')
    assert.match(error.hint ?? '', /HOME is not set/)
  })

  it('says that steamclient.so is there and of no use', async () => {
    mkdirSync(join(home, '.steam/sdk64'), { recursive: true })
    writeFileSync(join(home, '.steam/sdk64/steamclient.so'), 'no library')
    const { error } = await tryToStart({ HOME: home })
    assert.equal(error.reason, 'steamclient-unusable')
  })

  it('does not claim the process for good: a second attempt fails alike', async () => {
    const { error, again } = await tryToStart({ HOME: home })
    assert.equal(again.reason, error.reason)
  })

  it('starts in a worker thread with a shared environment alone', async () => {
    const failures = await runInChild<Failure[]>(
      { HOME: home },
      `import { once } from 'node:events'
      import { SHARE_ENV, Worker } from 'node:worker_threads'
      const failures = []
      for (const env of [undefined, SHARE_ENV]) {
        const worker = new Worker(${JSON.stringify(`${attempt}
import { parentPort } from 'node:worker_threads'
parentPort.postMessage(await attempt())`)}, { eval: true, env })
        const [failure] = await once(worker, 'message')
        failures.push(failure)
      }
      report(failures)`,
    )
    assert.deepEqual(
      failures.map(({ reason }) => reason),
      ['app-id', 'steamclient-missing'],
    )
  })

  /** In a process of its own, whose HOME is its own. */
  async function tryToStart(variables: NodeJS.ProcessEnv): Promise<{ error: Failure; again: Failure }> {
    return runInChild(variables, `${attempt}\nreport({ error: await attempt(), again: await attempt() })`)
  }
})

interface Failure {
  readonly code?: string
  readonly reason?: string
  readonly hint?: string
  readonly libraryMessage?: string
}

const attempt = `
  import { createGameServer } from '@ticketgate/gameserver'
  const attempt = () => createGameServer({ appId: 480, product: 'x', description: 'x' }).then(
    () => ({}),
    ({ code, reason, hint, libraryMessage }) => ({ code, reason, hint, libraryMessage }),
  )`

/** Runs a module that says what it found by `report`, and answers that. */
async function runInChild<Answer>(variables: NodeJS.ProcessEnv, module: string): Promise<Answer> {
  const child = spawn(
    process.execPath,
    [
      '--conditions=@ticketgate/source',
      '--input-type=module',
      '--eval',
      `${module}\nfunction report(value) { console.log(JSON.stringify(value)) }`,
    ],
    { env: { ...process.env, ...variables }, stdio: ['ignore', 'pipe', 'pipe'], timeout: 20_000 },
  )
  let output = ''
  let errors = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk
  })
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk
  })
  const [code] = await once(child, 'close')
  assert.equal(code, 0, errors)
  return JSON.parse(output) as Answer
}
