import assert from 'node:assert/strict'
import {
  type AdmittedMessage,
  ClientHandshake,
  type ClientHandshakeOptions,
  codes,
  createRefusal,
  encodeMessage,
  type HelloMessage,
  isRefusal,
  type RenewMessage,
  requestTicket,
  type ServerMessage,
} from '@ticketgate/core/client'
import sinon from 'sinon'
import { FakeSource } from './fake-source.ts'

const hello: HelloMessage = {
  ticketgate: 'hello',
  version: 1,
  apps: [480, 481],
  kinds: ['session', 'webapi'],
  identity: 'my-game',
  serverSteamId: '90071992547409920',
  timeoutMs: 10_000,
}
const admitted: AdmittedMessage = {
  ticketgate: 'admitted',
  steamId: '76561197960287930',
  ownerSteamId: '76561197960287931',
  session: 'AAAA',
  renewable: true,
}
const renew: RenewMessage = {
  ticketgate: 'renew',
  reason: 'ticket-canceled',
  deadlineMs: 5_000,
  apps: [480],
  kinds: ['webapi'],
  identity: 'my-game:2',
}
const vacBanned = { code: 'vac-banned', message: 'No.', retryable: false }

describe('ClientHandshake', () => {
  let clock: sinon.SinonFakeTimers
  let exitListeners: number
  let exitLimit: number

  beforeEach(() => {
    clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
    exitListeners = process.listenerCount('exit')
    exitLimit = process.getMaxListeners()
  })

  afterEach(() => {
    // Whatever a test did, it has ended the handshake: nothing may be left behind.
    assert.equal(clock.countTimers(), 0)
    assert.equal(process.listenerCount('exit'), exitListeners)
    assert.equal(process.getMaxListeners(), exitLimit)
    clock.restore()
  })

  function start(options: Partial<ClientHandshakeOptions> = {}) {
    const source = new FakeSource()
    const sent: string[] = []
    const closes: [number | undefined, string | undefined][] = []
    const transport = {
      send: (text: string) => sent.push(text),
      close: (code?: number, reason?: string) => closes.push([code, reason]),
    }
    const handshake = new ClientHandshake({ transport, source, ...options })
    const receive = (message: ServerMessage) => handshake.receive(encodeMessage(message))
    return { handshake, source, sent, closes, receive }
  }

  async function enter(options: Partial<ClientHandshakeOptions> = {}) {
    const started = start(options)
    started.receive(hello)
    await settled()
    started.receive(admitted)
    assert.equal((await started.handshake.outcome).ok, true)
    return started
  }

  it('gets the ticket that the hello asks for, sends it and is admitted', async () => {
    const { handshake, source, sent, receive } = start()
    assert.equal(receive(hello), true)
    await settled()
    const { kind, appId, identity, serverSteamId } = source.tickets[0]!.request
    assert.deepEqual([kind, appId, identity, serverSteamId], ['session', 480, 'my-game', '90071992547409920'])
    assert.deepEqual(sent, [
      '{"ticketgate":"ticket","kind":"session","appId":480,"data":"ticket-1","identity":"my-game"}',
    ])
    assert.equal(receive(admitted), true)
    const { ticketgate: _, ...facts } = admitted
    assert.deepEqual(await handshake.outcome, { ok: true, ...facts })
    assert.equal(source.tickets[0]!.verified, true)
    assert.deepEqual(source.cancellations, [0])
    depart(handshake)
  })

  it("leaves the application's messages to the application once it is in, and no earlier", async () => {
    const { handshake } = await enter()
    assert.equal(handshake.receive('{"type":"move"}'), false)
    assert.equal(handshake.receive(new Uint8Array([1, 2, 3])), false)
    depart(handshake)
    assert.equal(handshake.receive('{"type":"move"}'), false)
  })

  it('keeps messages of the protocol that it does not know from the application, and stays in', async () => {
    const { handshake } = await enter()
    assert.equal(handshake.receive('{"ticketgate":"mood","is":"good"}'), true)
    assert.equal(handshake.receive('{"ticketgate":"renew"}'), true)
    assert.equal(handshake.receive(encodeMessage(hello)), true)
    depart(handshake)
    assert.equal(await handshake.ended, undefined)
  })

  describe('being refused', () => {
    it('yields the refusal of the message, and closes', async () => {
      const { handshake, source, receive, closes } = start()
      receive(hello)
      await settled()
      receive({ ticketgate: 'refused', ...vacBanned, retryAfterMs: 7 })
      const outcome = await handshake.outcome
      assert.deepEqual(outcome, createRefusal('vac-banned', { message: 'No.', retryAfterMs: 7 }))
      assert.deepEqual(source.cancellations, [1])
      assert.deepEqual(closes, [[undefined, undefined]])
      handshake.closed(4442, 'vac-banned')
      assert.equal(await handshake.ended, outcome)
    })

    for (const [name, code, reason, expected] of [
      ['a close code of ours', 4442, '', 'vac-banned'],
      ['a close code and its reason', 4442, 'vac-banned', 'vac-banned'],
      ['a lost connection', 1006, '', 'connection-lost'],
      ['an ordinary close', 1000, '', 'connection-lost'],
      ['a close without a code', undefined, undefined, 'connection-lost'],
      ["another application's close code", 4000, 'vac-banned', 'connection-lost'],
    ] as const) {
      it(`yields ${expected} for ${name}`, async () => {
        const { handshake, source, receive } = start()
        receive(hello)
        await settled()
        handshake.closed(code, reason)
        const outcome = await handshake.outcome
        assert.equal(outcome.ok ? 'admitted' : outcome.code, expected)
        assert.deepEqual(source.cancellations, [1])
      })
    }

    for (const [name, messages] of [
      ['what is no message of the protocol', ['welcome']],
      ['a message that is cut off', ['{"ticketgate":"hello"']],
      ['an unknown type', ['{"ticketgate":"mood"}']],
      ['admitted before the ticket', [encodeMessage(admitted)]],
      ['a second hello', [encodeMessage(hello), encodeMessage(hello)]],
      ['renew before it is in', [encodeMessage(hello), encodeMessage(renew)]],
    ] as const) {
      it(`gives up with protocol-error on ${name}`, async () => {
        const { handshake, closes } = start()
        for (const message of messages) handshake.receive(message)
        const outcome = await handshake.outcome
        assert.equal(outcome.ok ? 'admitted' : outcome.code, 'protocol-error')
        assert.deepEqual(closes, [[codes['protocol-error'].closeCode, 'protocol-error']])
      })
    }

    it('gives up with version-unsupported on the hello of a newer protocol', async () => {
      const { handshake, source } = start()
      handshake.receive('{"ticketgate":"hello","version":2,"everything":"else"}')
      const outcome = await handshake.outcome
      assert.equal(outcome.ok ? 'admitted' : outcome.code, 'version-unsupported')
      assert.equal(source.tickets.length, 0)
    })
  })

  describe('the ticket source', () => {
    for (const [name, wanted, source, code] of [
      ['no kind in common', hello, { kinds: ['encrypted'] }, 'ticket-wrong-kind'],
      ['a server that takes kinds of the future only', { ...hello, kinds: [] }, {}, 'ticket-wrong-kind'],
      ['no app in common', hello, { appIds: [730] }, 'ticket-wrong-app'],
    ] as const) {
      it(`is not asked when there is ${name}`, async () => {
        const getTicket = sinon.fake()
        const asked = { kinds: ['webapi'], getTicket, ...source } as unknown as FakeSource
        const outcome = await requestTicket(wanted, asked, new AbortController().signal)
        assert.equal(outcome.ok ? 'ticket' : outcome.code, code)
        assert.equal(getTicket.callCount, 0)
      })
    }

    it("is asked for the first of the server's kinds and apps that it can serve", async () => {
      const source = Object.assign(new FakeSource(), { kinds: ['webapi'], appIds: [730, 481] })
      await requestTicket(hello, source as FakeSource, new AbortController().signal)
      assert.equal(source.tickets[0]!.request.kind, 'webapi')
      assert.equal(source.tickets[0]!.request.appId, 481)
    })

    for (const [name, broken] of [
      ['rejects', () => Promise.reject(new Error('Steam is not running'))],
      [
        'throws',
        () => {
          throw new Error('Steam is not running')
        },
      ],
      ['gives nothing', () => Promise.resolve(undefined)],
      ['gives an empty ticket', () => Promise.resolve({ data: new Uint8Array(), cancel() {} })],
    ] as const) {
      it(`fails the handshake with ticket-missing when it ${name}`, async () => {
        const source = { kinds: ['session'], getTicket: broken } as unknown as FakeSource
        const { handshake, receive } = start({ source })
        receive(hello)
        const outcome = await handshake.outcome
        assert.equal(outcome.ok ? 'admitted' : outcome.code, 'ticket-missing')
      })
    }

    it('may throw when it cancels', async () => {
      const ticket = {
        data: 'AA',
        cancel() {
          throw new Error('Steam is gone')
        },
      }
      const { handshake } = await enter({ source: { kinds: ['session'], getTicket: async () => ticket } })
      depart(handshake)
      assert.equal(await handshake.ended, undefined)
    })

    it('sends bytes as base64url', async () => {
      const ticket = { data: new Uint8Array([0xfb, 0xff, 0xbe, 0x00]), cancel() {} }
      const { handshake, receive, sent } = start({
        source: { kinds: ['session'], getTicket: async () => ticket },
      })
      receive(hello)
      await settled()
      assert.equal(JSON.parse(sent[0]!).data, '-_--AA')
      depart(handshake)
    })
  })

  describe('time', () => {
    it('ends a handshake whose server says nothing', async () => {
      const { handshake, closes } = start({ helloTimeoutMs: 500 })
      clock.tick(499)
      assert.deepEqual(closes, [])
      clock.tick(1)
      const outcome = await handshake.outcome
      assert.equal(outcome.ok ? 'admitted' : outcome.code, 'handshake-timeout')
      assert.deepEqual(closes, [[4413, 'handshake-timeout']])
    })

    it('ends a handshake whose source is slower than the server waits, and cancels the late ticket', async () => {
      const { handshake, source, receive, sent } = start()
      source.isHeld = true
      receive(hello)
      clock.tick(10_000)
      const outcome = await handshake.outcome
      assert.equal(outcome.ok ? 'admitted' : outcome.code, 'handshake-timeout')
      source.waiting[0]!()
      await settled()
      assert.deepEqual(source.cancellations, [1])
      assert.deepEqual(sent, [])
    })

    it('ends a handshake whose answer never comes', async () => {
      const { handshake, source, receive } = start()
      receive(hello)
      await settled()
      clock.tick(20_000)
      const outcome = await handshake.outcome
      assert.equal(outcome.ok ? 'admitted' : outcome.code, 'handshake-timeout')
      assert.deepEqual(source.cancellations, [1])
    })

    it('has no say once the client is in', async () => {
      const { handshake } = await enter()
      assert.equal(clock.countTimers(), 0)
      depart(handshake)
    })
  })

  describe('a renewal', () => {
    it('sends a fresh ticket and cancels the old one once the fresh one was accepted', async () => {
      const onRenewed = sinon.fake()
      const { handshake, source, sent, receive } = await enter({ onRenewed })
      assert.equal(receive(renew), true)
      await settled()
      assert.deepEqual(
        sent[1],
        '{"ticketgate":"ticket","kind":"webapi","appId":480,"data":"ticket-2","identity":"my-game:2"}',
      )
      assert.deepEqual(source.cancellations, [0, 0])
      receive({ ...admitted, session: 'BBBB' })
      assert.deepEqual(source.cancellations, [1, 0])
      assert.equal(source.tickets[1]!.verified, true)
      assert.equal(onRenewed.firstCall.args[0].session, 'BBBB')
      depart(handshake)
      assert.deepEqual(source.cancellations, [1, 1])
    })

    it('cancels both tickets when the session ends before the answer', async () => {
      const { handshake, source, receive } = await enter()
      receive(renew)
      await settled()
      receive({ ticketgate: 'ended', ...vacBanned })
      assert.equal((await handshake.ended)?.code, 'vac-banned')
      assert.deepEqual(source.cancellations, [1, 1])
    })

    it('asked for twice is answered with the later ticket alone', async () => {
      const { handshake, source, sent, receive } = await enter()
      source.isHeld = true
      receive(renew)
      receive(renew)
      source.waiting[0]!()
      source.waiting[1]!()
      await settled()
      assert.equal(sent.length, 2)
      assert.equal(source.cancellations.filter((count) => count === 1).length, 1)
      depart(handshake)
      assert.deepEqual(source.cancellations, [1, 1, 1])
    })

    it('asked for again after the fresh ticket was sent cancels that one', async () => {
      const { handshake, source, receive } = await enter()
      receive(renew)
      await settled()
      receive(renew)
      await settled()
      assert.deepEqual(source.cancellations, [0, 1, 0])
      receive(admitted)
      depart(handshake)
      assert.deepEqual(source.cancellations, [1, 1, 1])
    })

    it('that another connection of the player has answered meanwhile is not answered, and its ticket is cancelled', async () => {
      const onRenewed = sinon.fake()
      const { handshake, source, sent, receive } = await enter({ onRenewed })
      source.isHeld = true
      receive(renew)
      receive(admitted)
      source.waiting[0]!()
      await settled()
      assert.equal(sent.length, 1)
      assert.deepEqual(source.cancellations, [0, 1])
      assert.equal(onRenewed.callCount, 0)
      depart(handshake)
      assert.deepEqual(source.cancellations, [1, 1])
    })

    it('is left to the server when the source fails or is late', async () => {
      const { handshake, source, sent, receive, closes } = await enter()
      source.failure = new Error('no')
      receive(renew)
      await settled()
      source.failure = undefined
      source.isHeld = true
      receive(renew)
      clock.tick(5_000)
      await settled()
      source.waiting[0]!()
      await settled()
      assert.equal(sent.length, 1)
      assert.deepEqual(closes, [])
      assert.deepEqual(source.cancellations, [0, 1])
      depart(handshake)
      assert.deepEqual(source.cancellations, [1, 1])
    })
  })

  describe('leaving', () => {
    it('closes with 1000, then cancels the ticket once, and ends without a refusal', async () => {
      const onEnded = sinon.fake()
      const { handshake, source, closes } = await enter({ onEnded })
      handshake.leave()
      handshake.leave()
      assert.deepEqual(closes, [[1000, undefined]])
      // The server is to hear that the player left before Steam tells it of a cancelled ticket.
      assert.deepEqual(source.cancellations, [0])
      handshake.closed(1000, '')
      handshake.closed(1000, '')
      assert.deepEqual(source.cancellations, [1])
      assert.equal(await handshake.ended, undefined)
      assert.deepEqual(onEnded.args, [[undefined]])
    })

    it('cancels the ticket after 5 seconds of a connection that does not say when it is closed', async () => {
      const { handshake, source } = await enter()
      handshake.leave()
      clock.tick(4_999)
      assert.deepEqual(source.cancellations, [0])
      clock.tick(1)
      assert.deepEqual(source.cancellations, [1])
    })

    for (const [name, reach] of [
      ['before the hello', () => {}],
      ['while the ticket is fetched', (receive: (message: ServerMessage) => void) => receive(hello)],
    ] as const) {
      it(`${name} is an outcome of its own, and a late ticket is cancelled`, async () => {
        const onEnded = sinon.fake()
        const { handshake, source, receive } = start({ onEnded })
        source.isHeld = true
        reach(receive)
        handshake.leave()
        const outcome = await handshake.outcome
        assert.equal(outcome.ok ? 'admitted' : outcome.code, 'connection-lost')
        for (const proceed of source.waiting) proceed()
        await settled()
        assert.deepEqual(source.cancellations, source.waiting.length === 0 ? [] : [1])
        assert.equal(onEnded.callCount, 0)
      })
    }

    it('happens by the signal too, at once when it has aborted before', async () => {
      const controller = new AbortController()
      const { handshake, source } = await enter({ signal: controller.signal })
      controller.abort()
      assert.equal(await handshake.ended, undefined)
      handshake.closed(1000, '')
      assert.deepEqual(source.cancellations, [1])
      const late = start({ signal: controller.signal })
      assert.equal((await late.handshake.outcome).ok, false)
    })

    it('happens when the process exits', async () => {
      const before = process.listeners('exit')
      const { handshake, source } = await enter()
      const added = process.listeners('exit').filter((listener) => !before.includes(listener))
      assert.equal(added.length, 1)
      for (const listener of added) listener.call(process, 0)
      assert.deepEqual(source.cancellations, [1])
      assert.equal(await handshake.ended, undefined)
    })

    it('happens when the page is hidden', async () => {
      const page = new EventTarget()
      const scope = globalThis as Record<string, unknown>
      scope.addEventListener = page.addEventListener.bind(page)
      scope.removeEventListener = page.removeEventListener.bind(page)
      try {
        const { handshake, source } = await enter()
        page.dispatchEvent(new Event('pagehide'))
        page.dispatchEvent(new Event('pagehide'))
        assert.deepEqual(source.cancellations, [1])
        assert.equal(await handshake.ended, undefined)
      } finally {
        delete scope.addEventListener
        delete scope.removeEventListener
      }
    })

    it("raises Node's limit of listeners by as many as it adds", async () => {
      const many = await Promise.all(Array.from({ length: 12 }, () => enter()))
      assert.equal(process.getMaxListeners(), exitLimit + 12)
      for (const { handshake } of many) depart(handshake)
    })
  })

  describe('an end', () => {
    for (const [name, code, reason, expected] of [
      ['an ordinary close', 1000, '', undefined],
      ['going away', 1001, '', undefined],
      ["the application's own close code", 4000, 'bye', undefined],
      ['a drop', 1006, '', 'connection-lost'],
      ['a close without a code', undefined, undefined, 'connection-lost'],
      ['a kick', 4453, 'kicked', 'kicked'],
    ] as const) {
      it(`by ${name} cancels the ticket and tells ${expected ?? 'no refusal'}`, async () => {
        const onEnded = sinon.fake()
        const { handshake, source } = await enter({ onEnded })
        handshake.closed(code, reason)
        handshake.closed(code, reason)
        assert.equal((await handshake.ended)?.code, expected)
        assert.equal(onEnded.callCount, 1)
        assert.deepEqual(source.cancellations, [1])
      })
    }

    it('by a message tells its refusal, and the close that follows changes nothing', async () => {
      const onEnded = sinon.fake()
      const { handshake, source, receive } = await enter({ onEnded })
      receive({ ticketgate: 'ended', code: 'too-tall', message: 'You are too tall.', retryable: true })
      handshake.closed(1006, '')
      const refusal = await handshake.ended
      assert.ok(isRefusal(refusal))
      assert.equal(refusal.customCode, 'too-tall')
      assert.equal(onEnded.callCount, 1)
      assert.deepEqual(source.cancellations, [1])
    })
  })

  it('takes over a ticket that the transport carried already', async () => {
    const source = new FakeSource()
    const ticket = await requestTicket(hello, source, new AbortController().signal)
    assert.ok(ticket.ok)
    const { handshake, sent, receive } = start({ ticket, source })
    receive(admitted)
    assert.equal((await handshake.outcome).ok, true)
    assert.deepEqual(sent, [])
    depart(handshake)
    assert.deepEqual(source.cancellations, [1])
  })

  it('outlives a transport that throws', async () => {
    const transport = {
      send: () => {
        throw new Error('gone')
      },
      close: () => {
        throw new Error('gone')
      },
    }
    const { handshake, source, receive } = start({ transport })
    receive(hello)
    await settled()
    depart(handshake)
    assert.equal((await handshake.outcome).ok, false)
    assert.deepEqual(source.cancellations, [1])
  })

  it('closes the connection also when the application throws that is told of its end', async () => {
    const queued = sinon.stub(globalThis, 'queueMicrotask')
    try {
      const error = new Error('of the application')
      const { handshake, closes } = await enter({ onEnded: () => assert.fail(error) })
      depart(handshake)
      assert.deepEqual(closes, [[1000, undefined]])
      assert.throws(queued.firstCall.args[0], error)
    } finally {
      queued.restore()
    }
  })

  for (const [name, options, message] of [
    ['no transport', { transport: undefined }, /"transport"/],
    ['no source', { source: undefined }, /"source"/],
    ['a source without kinds', { source: { getTicket() {} } }, /"source\.kinds"/],
    ['a source without getTicket', { source: { kinds: [] } }, /"source\.getTicket"/],
    ['a wait of 0', { helloTimeoutMs: 0 }, /"helloTimeoutMs"/],
    ['an endless wait', { answerTimeoutMs: Number.POSITIVE_INFINITY }, /"answerTimeoutMs"/],
  ] as const) {
    it(`does not start with ${name}`, () => {
      assert.throws(() => start(options as unknown as Partial<ClientHandshakeOptions>), { message })
    })
  }
})

/** Leaves, and the connection says that it is closed. */
function depart(handshake: ClientHandshake): void {
  handshake.leave()
  handshake.closed(1000, '')
}

/** Until every promise that can settle has. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
