import assert from 'node:assert/strict'
import { colyseusScripts } from './hosts/colyseus-scripts.ts'
import { playOnColyseus } from './hosts/colyseus-session.ts'
import { assertSame, type Recording, split } from './hosts/recording.ts'
import { socketScripts } from './hosts/socket.io-scripts.ts'
import { playOnSocketIo } from './hosts/socket.io-session.ts'
import { playOnWs, wsScripts } from './hosts/ws-session.ts'

// One script, played on a host with a gate that admits everybody and on the same host without: what the application
// hears, what the players hear and every byte that the server writes are the same. What a gate adds by design is
// named here, and nothing else may differ.

describe('the comparison', () => {
  const recording = { server: ['in', 'out'], clients: { anna: ['in', 'out'] }, wire: [['head', '81 one', '81 two']] }
  const others: readonly (readonly [string, Partial<Recording>])[] = [
    ['an event more', { server: ['in', 'message', 'out'] }],
    ['another order', { server: ['out', 'in'] }],
    ['an event that a player did not get', { clients: { anna: ['in'] } }],
    ['another close code', { wire: [['head', '81 one', 'close 1000']] }],
    ['a byte more', { wire: [['head', '81 one', '81 two.']] }],
    ['a frame more', { wire: [['head', '81 one', '81 two', '8a ']] }],
    ['a connection more', { wire: [...recording.wire, ['head']] }],
  ]
  for (const [name, different] of others) {
    it(`sees ${name}`, () => {
      assert.throws(() => assertSame({ ...recording, ...different }, recording), assert.AssertionError)
    })
  }

  it('does not take two empty recordings for the same', () => {
    const empty = { server: [], clients: {}, wire: [] }
    assert.throws(() => assertSame(empty, empty), assert.AssertionError)
  })
})

describe('socket.io with a gate before it', () => {
  for (const script of socketScripts) {
    it(`is what it is without one: ${script.name}`, async () => {
      assertSame(await playOnSocketIo(script, true), await playOnSocketIo(script, false))
    })

    it(`is what it is without one but for our event, to clients that ask for it: ${script.name}`, async () => {
      const bare = await playOnSocketIo(script, false)
      const { host, ours } = split(await playOnSocketIo(script, true, 'websocket', true), isOurEvent)
      assertSame(host, bare)
      // By design: one event for each socket that got in or came back.
      const entries = bare.server.filter((note) => note.startsWith('connection '))
      assert.equal(ours.filter((text) => text.startsWith('81 42')).length, entries.length)
      for (const text of ours) assert.match(text, /"ticketgate":"admitted"/)
    })
  }
})

describe('socket.io with a gate before it, over polling', () => {
  for (const script of socketScripts.filter(({ needsLine }) => needsLine !== true)) {
    it(`tells application and players what it does without one: ${script.name}`, async () => {
      const bare = await playOnSocketIo(script, false, 'polling')
      const { host } = split(await playOnSocketIo(script, true, 'polling'), isOurEvent)
      assert.ok(bare.server.length > 0)
      assert.deepEqual(host, bare)
    })
  }
})

/** The event `ticketgate`, as a client hears it and as it goes over the line. */
function isOurEvent(text: string): boolean {
  return /^event ticketgate |^81 42(\/[^,]+,)?\["ticketgate",/.test(text)
}

for (const [name, isStatic] of [
  ['the plugin', false],
  ['static onAuth and the plugin', true],
] as const) {
  describe(`Colyseus with a gate before it, by ${name}`, () => {
    for (const script of colyseusScripts) {
      it(`is what it is without one: ${script.name}`, async () => {
        const bare = await playOnColyseus(script, { isStatic, isGuarded: false })
        assertSame(await playOnColyseus(script, { isStatic, isGuarded: true }), bare)
      })
    }
  })
}

describe('Colyseus with a gate before it, for clients that take its messages', () => {
  for (const script of colyseusScripts) {
    it(`is what it is without one, and one message more: ${script.name}`, async () => {
      const door = { isStatic: true, isRenewable: true } as const
      const bare = await playOnColyseus(script, { ...door, isGuarded: false })
      const { host, ours } = split(await playOnColyseus(script, { ...door, isGuarded: true }), isOurMessage)
      assertSame(host, bare)
      // By design: one message for everybody whom the room has let in, and who came back.
      const entries = bare.server.filter((note) => /^on(Join|Reconnect) /.test(note))
      const isLetIn = script.habits?.onJoin === undefined
      assert.equal(ours.filter((text) => text.startsWith('82 ')).length, isLetIn ? entries.length : 0)
      for (const text of ours) assert.match(text, /"ticketgate":"admitted"/)
    })
  }
})

/** The room message `ticketgate`: ROOM_DATA (13), a short string of ten characters, its payload. */
function isOurMessage(text: string): boolean {
  return text.startsWith('message ticketgate ') || text.startsWith('82 \r\xaaticketgate')
}

describe('ws with a gate before it', () => {
  for (const script of wsScripts) {
    it(`is what it is without one: ${script.name}`, async () => {
      const bare = await playOnWs(script, false)
      const { host, ours } = split(await playOnWs(script, true), isOurText)
      assertSame(host, bare)
      // By design: one message for each connection, as the client hears it and as it goes over the line.
      assert.equal(ours.length, 2 * bare.server.filter((note) => note.startsWith('connection ')).length)
    })
  }
})

function isOurText(text: string): boolean {
  return /^(message|81) \{"ticketgate":"admitted"/.test(text)
}
