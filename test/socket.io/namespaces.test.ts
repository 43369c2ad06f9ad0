import assert from 'node:assert/strict'
import type { Gate } from '@ticketgate/core'
import { createGate } from '@ticketgate/core'
import { guard } from '@ticketgate/socket.io'
import { Harness, type HarnessOptions, once } from './harness.ts'

describe('several namespaces of one client', () => {
  let harness: Harness

  async function start(options: HarnessOptions = {}): Promise<Harness> {
    harness = await new Harness(options).listen()
    harness.io.of('/chat')
    harness.io.of('/trade')
    return harness
  }

  afterEach(() => harness.dispose())

  for (const transport of ['websocket', 'polling']) {
    it(`share one session over ${transport}, verified once`, async () => {
      await start()
      const account = harness.account()
      const auth = harness.auth(account)
      const manager = harness.manager({ transports: [transport] })
      const sockets = ['/', '/chat', '/trade'].map((name) => manager.socket(name, { auth: auth as never }))
      const connected = Promise.all(sockets.map((socket) => once(socket, 'connect')))
      for (const socket of sockets) socket.connect()
      await connected
      await harness.until(() => harness.gate.counts.admissions === 3)
      assert.equal(harness.backend.ledger.begun, 1)
      assert.equal(harness.gate.counts.sessions, 1)
      const sessions = ['/', '/chat', '/trade'].map(
        (name) => [...harness.io.of(name).sockets.values()][0]?.data.session,
      )
      assert.deepEqual(
        sessions.map((session) => session?.steamId),
        [account.steamId, account.steamId, account.steamId],
      )
      assert.equal(new Set(sessions).size, 3)
    })
  }

  it('keep the session until the last one has left', async () => {
    await start()
    const { client, account } = await harness.enter()
    const chat = client.io.socket('/chat', { auth: harness.auth(account) as never })
    chat.connect()
    await once(chat, 'connect')
    client.disconnect()
    await harness.next('left')
    assert.equal(harness.backend.ledger.open, 1)
    chat.disconnect()
    await harness.next('ended')
    assert.equal(harness.backend.ledger.open, 0)
  })

  it('let a later one in without a ticket', async () => {
    await start()
    const { client } = await harness.enter()
    const chat = client.io.socket('/chat', { auth: {} })
    chat.connect()
    await once(chat, 'connect')
    assert.equal(harness.backend.ledger.begun, 1)
    assert.equal(harness.gate.counts.admissions, 2)
  })

  it('let one in without a ticket while the other one is still verified, and refuse both alike', async () => {
    await start()
    harness.backend.faults.verdict = 'never'
    const account = harness.account()
    const message = harness.ticketMessage(account)
    const manager = harness.manager()
    const main = manager.socket('/', { auth: { ticketgate: message } })
    const chat = manager.socket('/chat', { auth: {} })
    const told = Promise.all([once(main, 'connect_error'), once(chat, 'connect_error')])
    main.connect()
    chat.connect()
    await harness.until(() => harness.backend.ledger.open === 1)
    assert.equal(harness.gate.counts.pending, 1)
    account.vacBan()
    harness.backend.emitVerdict({ steamId: account.steamId, response: 3 })
    const codes = (await told).map(([error]) => error.data.code)
    assert.deepEqual(codes, ['vac-banned', 'vac-banned'])
    assert.equal(harness.backend.ledger.begun, 1)
  })

  it('may bring the same ticket each, at once or one after the other', async () => {
    await start()
    const auth = { ticketgate: harness.ticketMessage() }
    const manager = harness.manager()
    const main = manager.socket('/', { auth })
    const chat = manager.socket('/chat', { auth })
    const both = Promise.all([once(main, 'connect'), once(chat, 'connect')])
    main.connect()
    chat.connect()
    await both
    const trade = manager.socket('/trade', { auth })
    trade.connect()
    await once(trade, 'connect')
    assert.equal(harness.backend.ledger.begun, 1)
    assert.equal(harness.gate.counts.admissions, 3)
  })

  it('have another ticket verified like any other', async () => {
    await start()
    const { client } = await harness.enter()
    const other = harness.account('other')
    const chat = client.io.socket('/chat', { auth: { ticketgate: harness.ticketMessage(other) } })
    chat.connect()
    await once(chat, 'connect')
    assert.equal(harness.backend.ledger.begun, 2)
    const [socket] = harness.io.of('/chat').sockets.values()
    assert.equal(socket?.data.session.steamId, other.steamId)
    const banned = harness.account('banned')
    banned.vacBan()
    const trade = client.io.socket('/trade', { auth: { ticketgate: harness.ticketMessage(banned) } })
    trade.connect()
    const [error] = await once(trade, 'connect_error')
    assert.equal(error.data.code, 'vac-banned')
  })

  it('are nothing to another engine connection', async () => {
    await start()
    await harness.enter()
    const { data } = await harness.refusal({}, { namespace: '/chat' })
    assert.equal(data?.code, 'ticket-missing')
  })

  it('count against the limit of admissions', async () => {
    await start({ gate: { duplicates: { share: 2 } } })
    const { client } = await harness.enter()
    const chat = client.io.socket('/chat', { auth: {} })
    chat.connect()
    await once(chat, 'connect')
    const trade = client.io.socket('/trade', { auth: {} })
    trade.connect()
    const [error] = await once(trade, 'connect_error')
    assert.equal(error.data.code, 'too-many-admissions')
  })

  it('end together, each told why, and the engine connection with them', async () => {
    await start()
    const { client, socket, account } = await harness.enter()
    const chat = client.io.socket('/chat', { auth: {} })
    chat.connect()
    await once(chat, 'connect')
    const told = Promise.all([once(client, 'ticketgate'), once(chat, 'ticketgate')])
    const closed = once(socket.conn, 'close')
    const gone = Promise.all([once(client, 'disconnect'), once(chat, 'disconnect')])
    await harness.gate.kick(account.steamId)
    assert.deepEqual(
      (await told).map(([message]) => [message.ticketgate, message.code]),
      [
        ['ended', 'kicked'],
        ['ended', 'kicked'],
      ],
    )
    await gone
    await closed
  })

  it('leave the engine connection to a namespace that is not guarded', async () => {
    await start({ guard: { namespaces: ['/'] } })
    const { client, account } = await harness.enter()
    harness.io.of('/chat').on('connection', (socket) => {
      socket.on('join', (channel: number, acknowledge: (channel: number) => void) => acknowledge(channel))
    })
    const chat = client.io.socket('/chat', { auth: {} })
    chat.connect()
    await once(chat, 'connect')
    const gone = once(client, 'disconnect')
    await harness.gate.kick(account.steamId)
    await gone
    assert.equal(chat.connected, true)
    assert.equal(await chat.emitWithAck('join', 1), 1)
  })

  for (const transport of ['websocket', 'polling']) {
    it(`lose a ticket that was sent to one that is not guarded, unread (${transport})`, async () => {
      const seen: string[] = []
      await start({
        server: { connectionStateRecovery: {} },
        guardedBy(io, gate) {
          io.of(/^\/open-\d+$/).on('connect', ({ handshake }) => void seen.push(Object.keys(handshake.auth).join()))
          io.of('/early')
          guard(io, gate, { namespaces: ['/'] })
          for (const name of ['/early', '/late']) {
            io.of(name).on('connection', ({ handshake }) => void seen.push(Object.keys(handshake.auth).join()))
          }
        },
      })
      const { client } = await harness.enter(undefined, { transports: [transport] })
      // What no gate would take: nobody looks at it.
      for (const [count, name] of ['/early', '/late', '/open-1'].entries()) {
        const open = client.io.socket(name, {
          auth: { ticketgate: { ticketgate: 'ticket', data: 'junk' }, team: 'red' },
        })
        open.connect()
        await once(open, 'connect')
        assert.deepEqual(seen.slice(count), ['team'], name)
        assert.equal(open.connected, true)
      }
      assert.equal(harness.refused.length, 0)
    })
  }

  it('lose the ticket when they are recovered, where no middleware runs', async () => {
    await start({ server: { connectionStateRecovery: {} }, guard: { namespaces: ['/'] } })
    const arrived: { recovered: boolean; keys: string }[] = []
    harness.io.of('/open').on('connection', ({ recovered, handshake }) => {
      arrived.push({ recovered, keys: ['team', 'ticketgate'].filter((key) => key in handshake.auth).join() })
    })
    const open = harness.manager().socket('/open', { auth: { ticketgate: 'a ticket', team: 'red' } })
    open.connect()
    await once(open, 'connect')
    // Without an offset there is nothing to come back to.
    const heard = once(open, 'news')
    harness.io.of('/open').emit('news', 1)
    await heard
    const gone = once(open, 'disconnect')
    open.io.engine.close()
    await gone
    open.connect()
    await once(open, 'connect')
    assert.deepEqual(arrived, [
      { recovered: false, keys: 'team' },
      { recovered: true, keys: 'team' },
    ])
  })

  it('share nothing between two gates', async () => {
    let other!: Gate
    await start({
      guardedBy(io, gate) {
        guard(io, gate, { namespaces: ['/'] })
        other = createGate({ backend: harness?.backend ?? gate.backend, identity: 'my-game' })
        guard(io, other, { namespaces: ['/chat'] })
      },
    })
    const { client } = await harness.enter()
    const chat = client.io.socket('/chat', { auth: {} })
    chat.connect()
    const [error] = await once(chat, 'connect_error')
    assert.equal(error.data.code, 'ticket-missing')
    harness.backend.close = async () => {}
    await other.close()
  })

  it('have at most 64 wait for a decision', async () => {
    await start()
    harness.io.of(/^\/n\d+$/)
    harness.backend.faults.verdict = 'never'
    const manager = harness.manager()
    const main = manager.socket('/', { auth: { ticketgate: harness.ticketMessage() } })
    main.connect()
    const others = Array.from({ length: 64 }, (_, index) => manager.socket(`/n${index}`, { auth: {} }))
    const told: string[] = []
    for (const socket of others) {
      socket.on('connect_error', (error) => told.push((error as Error & { data: { code: string } }).data.code))
      socket.connect()
    }
    await harness.until(() => told.length === 1)
    assert.deepEqual(told, ['too-many-pending'])
    manager.engine.close()
    await harness.until(() => harness.gate.counts.pending === 0)
  })

  const forms: readonly [string, (message: object) => unknown][] = [
    ['objects', (message) => message],
    ['texts that end alike', (message) => JSON.stringify({ ...message, note: 'a field of a later version'.repeat(4) })],
  ]
  for (const [form, write] of forms) {
    it(`are each what their own ticket says, also when one of two players comes back (${form})`, async () => {
      await start()
      const [anna, bela] = [harness.account(), harness.account()]
      const [ofAnna, ofBela] = [write(harness.ticketMessage(anna)), write(harness.ticketMessage(bela))]
      const names = new Map<string, string | undefined>()
      for (const name of ['/', '/chat', '/trade']) {
        harness.io.of(name).on('connection', (socket) => names.set(name, socket.data.session?.steamId))
      }
      const manager = harness.manager()
      const open = async (name: string, ticketgate: unknown): Promise<string> => {
        const socket = manager.socket(name, { auth: { ticketgate } as never })
        const answer = Promise.race([
          once(socket, 'connect').then(() => 'in'),
          once(socket, 'connect_error').then(
            ([error]) => (error as { data?: { code?: string } }).data?.code ?? 'error',
          ),
        ])
        socket.connect()
        return answer
      }
      assert.equal(await open('/', ofAnna), 'in')
      assert.equal(await open('/chat', ofBela), 'in')
      assert.equal(names.get('/chat'), bela.steamId)
      manager.socket('/chat').disconnect()
      await harness.until(() => harness.left.length === 1)
      assert.equal(await open('/trade', ofBela), 'ticket-replayed')
      assert.equal(names.get('/trade'), undefined)
    })
  }

  it('are bounded: further ones cost no ticket', async () => {
    await start()
    const manager = harness.manager()
    const ticketgate = harness.ticketMessage(harness.account())
    for (let index = 0; index < 65; index++) harness.io.of(`/n${index}`)
    const outcomes: string[] = []
    for (let index = 0; index < 65; index++) {
      const socket = manager.socket(`/n${index}`, { auth: { ticketgate } as never })
      const answer = Promise.race([
        once(socket, 'connect').then(() => 'in'),
        once(socket, 'connect_error').then(([error]) => (error as { data?: { code?: string } }).data?.code ?? 'error'),
      ])
      socket.connect()
      outcomes.push(await answer)
    }
    assert.deepEqual(outcomes.slice(-2), ['in', 'too-many-admissions'])
  })

  it('are bounded also when they come all at once', async () => {
    await start()
    for (let index = 0; index < 100; index++) harness.io.of(`/n${index}`)
    const { client } = await harness.enter()
    const { engine } = client.io
    const told: string[] = []
    engine.on('data', (packet) => {
      // CONNECT, or CONNECT_ERROR.
      if (/^[04]\/n/.test(String(packet))) told.push(String(packet))
    })
    for (const count of [40, 60]) {
      // Together, so that the server takes many of them in one turn.
      for (let index = 0; index < count; index++) engine.write(`0/n${told.length + index},`)
      const expected = told.length + count
      await harness.until(() => told.length === expected)
    }
    assert.equal(harness.gate.counts.admissions, 64)
    const refused = told.filter((packet) => packet.startsWith('4'))
    assert.equal(refused.length, 37)
    assert.ok(refused.every((packet) => packet.includes('"too-many-admissions"')))
  })
})
