import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Manager, type Socket } from 'socket.io-client'
import { once } from './harness.ts'

interface Count {
  readonly begun: number
  readonly ended: number
  readonly open: number
  readonly admissions: number
}

interface Message {
  readonly worker: number
  readonly id?: number
  readonly port?: number
  readonly value?: unknown
}

describe('two guarded socket.io servers in a cluster', function () {
  this.timeout(30_000)
  const ports: number[] = []
  const managers: Manager[] = []
  let primary: ChildProcess
  let commands = 0

  before(async () => {
    primary = fork(fileURLToPath(new URL('../fixtures/socket-io-cluster.ts', import.meta.url)), {
      execArgv: ['--conditions=@ticketgate/source'],
    })
    await new Promise<void>((resolve, reject) => {
      primary.on('message', ({ worker, port }: Message) => {
        if (port !== undefined) ports[worker] = port
        if (ports.filter(Boolean).length === 2) resolve()
      })
      primary.once('exit', (code) => reject(new Error(`the servers ended with ${code}`)))
    })
    while ((await ask<number>(0, 'serverCount')) < 2) await new Promise((resolve) => setImmediate(resolve))
  })

  after(async () => {
    for (const worker of [0, 1]) {
      await ask(worker, 'close')
      const { begun, ended, open, admissions } = await ask<Count>(worker, 'count')
      assert.deepEqual({ ended, open, admissions }, { ended: begun, open: 0, admissions: 0 })
    }
    const exited = once(primary, 'exit')
    primary.disconnect()
    await exited
  })

  afterEach(() => {
    for (const manager of managers.splice(0)) manager._close()
  })

  function ask<T>(worker: number, name: string, value?: string): Promise<T> {
    const id = ++commands
    return new Promise((resolve) => {
      const onMessage = (message: Message): void => {
        if (message.id !== id) return
        primary.removeListener('message', onMessage)
        resolve(message.value as T)
      }
      primary.on('message', onMessage)
      primary.send({ id, worker, name, value })
    })
  }

  async function enter(worker: number): Promise<Socket> {
    const manager = new Manager(`http://127.0.0.1:${ports[worker]}`, { transports: ['websocket'], reconnection: false })
    managers.push(manager)
    const socket = manager.socket('/', { auth: { ticketgate: await ask<object>(worker, 'mint') } })
    await once(socket, 'ticketgate')
    return socket
  }

  it('end the session of a socket that the other process disconnects', async () => {
    const socket = await enter(0)
    const before = await ask<Count>(0, 'count')
    const gone = once(socket, 'disconnect')
    await ask(1, 'disconnectSockets')
    assert.equal((await gone)[0], 'io server disconnect')
    const { ended, open, admissions } = await ask<Count>(0, 'count')
    assert.deepEqual({ ended, open, admissions }, { ended: before.ended + 1, open: 0, admissions: 0 })
  })

  it('end all sessions, each in the process of its socket', async () => {
    const sockets = await Promise.all([enter(0), enter(1)])
    assert.deepEqual([(await ask<Count>(0, 'count')).open, (await ask<Count>(1, 'count')).open], [1, 1])
    const gone = Promise.all(sockets.map((socket) => once(socket, 'disconnect')))
    await ask(1, 'disconnectSockets')
    await gone
    assert.deepEqual([(await ask<Count>(0, 'count')).open, (await ask<Count>(1, 'count')).open], [0, 0])
  })

  it('end the session of one socket by its room', async () => {
    const [first, second] = await Promise.all([enter(0), enter(0)])
    const gone = once(first, 'disconnect')
    await ask(1, 'disconnectRoom', first.id)
    await gone
    assert.equal(second.connected, true)
    assert.equal((await ask<Count>(0, 'count')).open, 1)
    second.disconnect()
  })

  it('tell each other who a socket is, and nothing of its session', async () => {
    const socket = await enter(0)
    const seen = await ask<{ id: string; data: object }[]>(1, 'fetchSockets')
    const found = seen.find(({ id }) => id === socket.id)
    assert.deepEqual(Object.keys(found?.data ?? {}), ['steamId'])
    socket.disconnect()
  })
})
