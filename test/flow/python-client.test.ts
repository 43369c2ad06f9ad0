import assert from 'node:assert/strict'
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { type Admission, createGate, type Gate, type GateOptions } from '@ticketgate/core'
import { createSimulatedSteam, type SimulatedAccount } from '@ticketgate/simulator'
import { guard } from '@ticketgate/ws'
import type { WebSocket } from 'ws'
import { root } from '../support/run.ts'
import { skip } from '../support/skip.ts'

const folder = `${root}/examples/python-client`
const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' }

interface Report {
  readonly event: string
  readonly [fact: string]: unknown
}

/** The program in a process of its own; what it prints can be awaited, what it reads is written here. */
class Python {
  readonly reports: Report[] = []
  readonly exited: Promise<number | null>
  errors = ''
  readonly #process: ChildProcessWithoutNullStreams
  readonly #arrivals = new Set<() => void>()

  constructor(url: string) {
    this.#process = spawn('python3', [`${folder}/main.py`, url], { env })
    createInterface(this.#process.stdout).on('line', (line) => {
      this.reports.push(JSON.parse(line))
      for (const arrived of this.#arrivals) arrived()
    })
    this.#process.stderr.on('data', (data) => {
      this.errors += data
    })
    this.exited = once(this.#process, 'close').then(([code]) => code)
  }

  get events(): string[] {
    return this.reports.map(({ event }) => event)
  }

  /** The n-th report of an event, from 1. */
  async heard(event: string, count = 1): Promise<Report> {
    for (;;) {
      const found = this.reports.filter((report) => report.event === event)[count - 1]
      if (found !== undefined) return found
      await new Promise<void>((resolve, reject) => {
        const arrived = (): void => {
          this.#arrivals.delete(arrived)
          resolve()
        }
        this.#arrivals.add(arrived)
        void this.exited.then(() => reject(new Error(`it ended without "${event}": ${this.errors}`)))
      })
    }
  }

  write(line: string): void {
    this.#process.stdin.write(`${line}\n`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill()
    await this.exited
    assert.equal(this.errors, '')
  }
}

/** A guarded ws server over simulated Steam. */
class Stage {
  readonly steam = createSimulatedSteam()
  readonly backend = this.steam.gameServer()
  readonly gate: Gate
  readonly arrivals: { readonly socket: WebSocket; readonly admission: Admission; readonly texts: string[] }[] = []
  readonly #server = createServer()
  readonly #guarded

  constructor(options: Partial<GateOptions> = {}) {
    this.gate = createGate({ backend: this.backend, identity: 'my-game', ...options })
    this.#guarded = guard(this.#server, this.gate, { mode: 'message' })
    this.#guarded.on('connection', (socket, _request, admission) => {
      const texts: string[] = []
      this.arrivals.push({ socket, admission, texts })
      socket.on('message', (data) => {
        texts.push(String(data))
        socket.send(`you said ${data}`)
      })
    })
  }

  async start(): Promise<Python> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return new Python(`ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}/play?region=eu`)
  }

  ticket(account: SimulatedAccount): string {
    return this.steam.mintTicket(account, { kind: 'session' }).hex
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gate.close()
    await this.#guarded.close()
    this.#server.close()
    assert.equal(this.backend.ledger.open, 0)
    await this.steam.close()
  }
}

describe('the Python client', function () {
  this.timeout(30_000)

  before(function () {
    const version = /^Python 3\.(\d+)/.exec(String(spawnSync('python3', ['--version']).stdout))?.[1]
    if (Number(version ?? 0) < 10) skip(this, 'there is no python3 of version 3.10 or newer')
  })

  it('agrees with the test vectors', () => {
    const { status, stdout } = spawnSync(
      'python3',
      [`${folder}/check_vectors.py`, `${root}/docs/protocol-vectors.json`],
      { env, encoding: 'utf8' },
    )
    assert.equal(status, 0, stdout)
    assert.match(stdout, /^\d+ vectors agree/)
  })

  it('is let in, talks, and leaves', async () => {
    await using stage = new Stage()
    const account = stage.steam.createAccount({ name: 'Alyx' })
    await using python = await stage.start()
    const wanted = await python.heard('ticket-wanted')
    assert.deepEqual([wanted.kind, wanted.appId, wanted.identity], ['session', 480, 'my-game'])
    python.write(stage.ticket(account))
    const admitted = await python.heard('admitted')
    const [arrival] = stage.arrivals
    assert.deepEqual([admitted.steamId, admitted.session], [account.steamId, arrival?.admission.id])
    assert.equal((await python.heard('heard')).text, 'you said hello from Python')
    const long = 'long '.repeat(20_000)
    arrival!.socket.ping()
    arrival!.socket.send(long.slice(0, 1_000), { fin: false })
    arrival!.socket.send(long.slice(1_000))
    assert.equal((await python.heard('heard', 2)).text, long)
    const left = new Promise<{ clean: boolean }>((resolve) => stage.gate.on('left', resolve))
    arrival!.socket.send('bye')
    await python.heard('left')
    assert.equal(await python.exited, 0)
    assert.equal((await left).clean, true)
    assert.equal(stage.backend.ledger.open, 0)
    // First the goodbye, then Steam.
    assert.deepEqual(python.events.slice(-2), ['ticket-cancelled', 'left'])
  })

  for (const [name, code, spoil] of [
    ['a banned player', 'vac-banned', (account: SimulatedAccount) => account.vacBan()],
    ['a player without the game', 'no-license', (account: SimulatedAccount) => account.loseLicense(480)],
  ] as const) {
    it(`is refused as ${name}, with the code, and cancels its ticket`, async () => {
      await using stage = new Stage()
      const account = stage.steam.createAccount({ name: 'Breen' })
      await using python = await stage.start()
      await python.heard('ticket-wanted')
      const ticket = stage.ticket(account)
      spoil(account)
      python.write(ticket)
      const refused = await python.heard('refused')
      assert.deepEqual([refused.code, refused.retryable], [code, false])
      assert.equal(await python.exited, 1)
      assert.deepEqual(python.events, ['ticket-wanted', 'ticket-cancelled', 'refused'])
    })
  }

  it('is refused with a ticket that is none', async () => {
    await using stage = new Stage()
    await using python = await stage.start()
    await python.heard('ticket-wanted')
    python.write('14000000')
    assert.equal((await python.heard('refused')).code, 'ticket-malformed')
    assert.equal(stage.backend.ledger.begun, 0)
  })

  it('renews its ticket while the game goes on, and cancels the old one then', async () => {
    await using stage = new Stage()
    const account = stage.steam.createAccount({ name: 'Alyx' })
    await using python = await stage.start()
    await python.heard('ticket-wanted')
    python.write(stage.ticket(account))
    await python.heard('heard')
    const [arrival] = stage.arrivals
    const renewed = new Promise((resolve) => stage.gate.on('renewed', resolve))
    assert.ok(arrival!.admission.requestRenewal())
    await python.heard('ticket-wanted', 2)
    arrival!.socket.send('meanwhile')
    python.write(stage.ticket(account))
    await renewed
    arrival!.socket.send('afterwards')
    const heard = await python.heard('heard', 3)
    assert.deepEqual([heard.text, heard.renewals], ['afterwards', 1])
    assert.equal((await python.heard('ticket-cancelled')).number, 1)
    assert.deepEqual(arrival!.texts, ['hello from Python'])
    assert.equal(arrival!.admission.state, 'admitted')
  })

  it('is told why it is over', async () => {
    await using stage = new Stage()
    const account = stage.steam.createAccount({ name: 'Alyx' })
    await using python = await stage.start()
    await python.heard('ticket-wanted')
    python.write(stage.ticket(account))
    await python.heard('heard')
    await stage.gate.kick(account.steamId, { message: 'Enough.' })
    const ended = await python.heard('ended')
    assert.deepEqual([ended.code, ended.message], ['kicked', 'Enough.'])
    assert.equal((await python.heard('ticket-cancelled')).number, 1)
    assert.equal(await python.exited, 0)
  })
})
