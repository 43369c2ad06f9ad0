import assert from 'node:assert/strict'
import {
  type Admission,
  type Connection,
  createGate,
  createRefusal,
  encodeMessage,
  type GateDoor,
  MessageConnection,
  type Refusal,
} from '@ticketgate/core'
import { toBase64Url } from '@ticketgate/core/client'
import { createSimulatedSteam } from '@ticketgate/simulator'
import { flush, World } from '../gate/world.ts'

/** A gate that writes down what it is told, and a transport that does. */
class Scene {
  readonly told: string[] = []
  readonly sent: string[] = []
  readonly done: string[] = []
  connection!: Connection
  onOpen: ((connection: Connection) => void) | undefined
  readonly admission = {
    ok: true,
    receive: (message: unknown) => this.told.push(`admission.receive ${String(message)}`),
    closed: (clean: boolean) => this.told.push(`admission.closed ${clean}`),
  } as unknown as Admission

  open(): MessageConnection {
    const gate = {
      open: (connection: Connection) => {
        this.connection = connection
        this.onOpen?.(connection)
        return {
          receive: (message: unknown) => this.told.push(`handshake.receive ${String(message)}`),
          closed: () => this.told.push('handshake.closed'),
        }
      },
    } as unknown as GateDoor
    return new MessageConnection(gate, {
      address: '203.0.113.7',
      send: (text) => this.sent.push(text),
      close: ({ code }: Refusal) => this.done.push(`close ${code}`),
      admitted: (admission) => this.done.push(`admitted ${admission === this.admission}`),
      received: (message) => this.done.push(`received ${String(message)}`),
    })
  }
}

describe('a connection of messages', () => {
  const ticket = encodeMessage({ ticketgate: 'ticket', kind: 'session', appId: 480, data: 'c0ffee' })

  it('hands the handshake everything until the player is in, and the application its own after that', () => {
    const scene = new Scene()
    const connection = scene.open()
    assert.deepEqual([scene.connection.address, scene.connection.renewable], ['203.0.113.7', true])
    connection.receive('junk')
    scene.connection.admitted(scene.admission)
    for (const message of ['move', ticket, new TextEncoder().encode('bytes')]) connection.receive(message)
    assert.deepEqual(scene.told, ['handshake.receive junk'])
    assert.deepEqual(scene.done, [
      'admitted true',
      'received move',
      `received ${ticket}`,
      'received 98,121,116,101,115',
    ])
  })

  it('hands the admission ticket messages while one is expected, and keeps them from the application', () => {
    const scene = new Scene()
    const connection = scene.open()
    scene.connection.admitted(scene.admission)
    scene.connection.expectTicket(true)
    connection.receive(ticket)
    connection.receive('move')
    scene.connection.expectTicket(false)
    connection.receive(ticket)
    assert.deepEqual(scene.told, [`admission.receive ${ticket}`])
    assert.deepEqual(scene.done.slice(1), ['received move', `received ${ticket}`])
  })

  for (const [name, isIn, type] of [
    ['before it is admitted', false, 'refused'],
    ['after it was admitted', true, 'ended'],
  ] as const) {
    it(`tells the peer why it is closed ${name}, once, and is deaf from then on`, () => {
      const scene = new Scene()
      const connection = scene.open()
      if (isIn) scene.connection.admitted(scene.admission)
      scene.connection.close(createRefusal('kicked'))
      scene.connection.close(createRefusal('banned'))
      connection.receive('late')
      connection.closed(false)
      assert.deepEqual(
        scene.sent.map((text) => JSON.parse(text).ticketgate),
        [type],
      )
      assert.deepEqual(scene.done.slice(isIn ? 1 : 0), ['close kicked'])
      assert.deepEqual(scene.told, [])
    })

    it(`reports once that it is gone ${name}`, () => {
      const scene = new Scene()
      const connection = scene.open()
      if (isIn) scene.connection.admitted(scene.admission)
      connection.closed(true)
      connection.closed(false)
      connection.receive('late')
      scene.connection.close(createRefusal('kicked'))
      assert.deepEqual(scene.told, [isIn ? 'admission.closed true' : 'handshake.closed'])
      assert.deepEqual(scene.sent, [])
    })
  }

  it('leaves no session open where its transport fails to say that the player is in', async () => {
    const steam = createSimulatedSteam()
    const backend = steam.gameServer()
    const gate = createGate({ backend, identity: 'my-game' })
    const ended = new Promise((resolve) => gate.on('ended', resolve))
    const connection: MessageConnection = new MessageConnection(gate, {
      address: undefined,
      send: (text) => text.includes('"admitted"') && connection.closed(true),
      close: () => assert.fail('closed'),
      admitted: () => assert.fail('handed over'),
      received() {},
    })
    const { data } = steam.mintTicket(steam.createAccount({ name: 'player' }), { kind: 'session' })
    connection.receive(encodeMessage({ ticketgate: 'ticket', kind: 'session', appId: 480, data: toBase64Url(data) }))
    await ended
    assert.equal(gate.counts.admissions, 0)
    assert.equal(backend.ledger.ended, 1)
    await gate.close()
    await steam.close()
  })

  it('tells a peer that has been told of its admission that it is over, also when it was not handed over yet', async () => {
    await using world = new World()
    world.gate.on('admitted', ({ steamId }) => void world.gate.kick(steamId))
    const sent: string[] = []
    const done: string[] = []
    const connection = new MessageConnection(world.gate, {
      address: undefined,
      send: (text) => sent.push(JSON.parse(text).ticketgate),
      close: ({ code }) => done.push(code),
      admitted: () => done.push('admitted'),
      received: () => done.push('received'),
    })
    connection.receive(encodeMessage(world.message(1)))
    await flush()
    assert.deepEqual(sent, ['hello', 'admitted', 'ended'])
    assert.deepEqual(done, ['kicked'])
  })

  it('may be refused by a gate that is asked, before it is made', () => {
    const scene = new Scene()
    scene.onOpen = (connection) => connection.close(createRefusal('server-closing'))
    const connection = scene.open()
    connection.receive('junk')
    connection.closed(false)
    assert.deepEqual([scene.done, scene.told], [['close server-closing'], []])
    assert.equal(JSON.parse(scene.sent[0] ?? '').code, 'server-closing')
  })
})
