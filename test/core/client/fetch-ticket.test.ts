import assert from 'node:assert/strict'
import { createRefusal, type HelloMessage } from '@ticketgate/core'
import { type FetchTicketOptions, fetchTicket, type Refusal, type TicketSource } from '@ticketgate/core/client'
import { VirtualClock } from '../../fixtures/virtual-clock.ts'

const hello: HelloMessage = {
  ticketgate: 'hello',
  version: 1,
  apps: [480],
  kinds: ['webapi'],
  identity: 'my-game',
  timeoutMs: 10_000,
}

/** A source that counts what it gave and what was cancelled. */
class Source implements TicketSource {
  readonly kinds = ['webapi'] as const
  readonly asked: string[] = []
  canceled = 0
  pending: Promise<void> | undefined

  async getTicket({ identity }: { identity: string }) {
    this.asked.push(identity)
    await this.pending
    return { data: 'c0ffee', cancel: () => void this.canceled++ }
  }
}

function codeOf(outcome: { readonly ok: true } | Refusal): string {
  return outcome.ok ? 'ok' : outcome.code
}

describe('fetching a ticket before there is a connection', () => {
  let clock: VirtualClock
  let source: Source

  beforeEach(() => {
    clock = new VirtualClock()
    source = new Source()
  })
  afterEach(() => assert.equal(clock.timers, 0))

  function fetched(wanted: FetchTicketOptions['hello'], more: Partial<FetchTicketOptions> = {}) {
    return fetchTicket({ hello: wanted, source, clock, ...more })
  }

  for (const [name, wanted] of Object.entries({
    'is at hand': hello,
    'a function gives': () => hello,
    'a function fetches': async () => JSON.parse(JSON.stringify(hello)) as unknown,
  })) {
    it(`gets the ticket that a hello asks for which ${name}`, async () => {
      const outcome = await fetched(wanted)
      assert.ok(outcome.ok)
      assert.deepEqual(outcome.ticket.message, {
        ticketgate: 'ticket',
        kind: 'webapi',
        appId: 480,
        data: 'c0ffee',
        identity: 'my-game',
      })
      assert.equal(outcome.hello.timeoutMs, 10_000)
      assert.deepEqual(source.asked, ['my-game'])
      outcome.ticket.cancel()
      assert.equal(source.canceled, 1)
    })
  }

  const body = { code: 'server-closing', message: 'Soon.', retryable: true, retryAfterMs: 5_000 }
  for (const [name, wanted, code] of [
    [
      'that throws',
      () => {
        throw new Error('no network')
      },
      'connection-lost',
    ],
    ['that rejects', () => Promise.reject(new Error('no network')), 'connection-lost'],
    ['that throws what is no error', () => Promise.reject('nothing'), 'connection-lost'],
    [
      'that throws what carries a refusal',
      () => Promise.reject(Object.assign(new Error('503'), { data: body })),
      'server-closing',
    ],
    ['that is a refusal as JSON', () => body, 'server-closing'],
    ['that is a refusal', () => createRefusal('too-many-attempts'), 'too-many-attempts'],
    ['that is nothing', () => undefined, 'protocol-error'],
    [
      'that is another message',
      () => ({ ticketgate: 'ended', code: 'kicked', message: '', retryable: false }),
      'protocol-error',
    ],
    ['of a newer version', () => ({ ticketgate: 'hello', version: 2 }), 'version-unsupported'],
    ['that asks for another kind', () => ({ ...hello, kinds: ['session'] }), 'ticket-wrong-kind'],
  ] as const) {
    it(`answers ${code} to a hello ${name}`, async () => {
      const outcome = await fetched(wanted as FetchTicketOptions['hello'])
      assert.equal(codeOf(outcome), code)
      assert.deepEqual(source.asked, [])
    })
  }

  it('brings the wait that a refusal names', async () => {
    const outcome = await fetched(() => body)
    assert.equal(outcome.ok ? undefined : outcome.retryAfterMs, 5_000)
  })

  it('gives up on a hello that does not come, and says so to whoever fetches it', async () => {
    let isAborted = false
    const fetching = fetched(
      (signal) =>
        new Promise(() => {
          signal.addEventListener('abort', () => {
            isAborted = true
          })
        }),
      { helloTimeoutMs: 3_000 },
    )
    await clock.advanceAsync(2_999)
    assert.equal(isAborted, false)
    await clock.advanceAsync(1)
    assert.equal(codeOf(await fetching), 'handshake-timeout')
    assert.equal(isAborted, true)
  })

  it('gives up on a ticket that does not come within what the hello allows, and cancels it when it does', async () => {
    let deliver!: () => void
    source.pending = new Promise((resolve) => {
      deliver = resolve
    })
    const fetching = fetched(hello)
    await clock.advanceAsync(10_000)
    assert.equal(codeOf(await fetching), 'handshake-timeout')
    deliver()
    await clock.advanceAsync(0)
    assert.equal(source.canceled, 1)
  })

  for (const when of ['before it begins', 'while the hello is fetched', 'while the ticket is'] as const) {
    it(`gives up when its caller does, ${when}`, async () => {
      const controller = new AbortController()
      if (when === 'before it begins') controller.abort()
      if (when === 'while the ticket is') source.pending = new Promise(() => {})
      const fetching = fetched(when === 'while the ticket is' ? hello : () => new Promise(() => {}), {
        signal: controller.signal,
      })
      await clock.advanceAsync(0)
      controller.abort()
      assert.equal(codeOf(await fetching), 'connection-lost')
      assert.equal(source.asked.length, when === 'while the ticket is' ? 1 : 0)
    })
  }

  for (const helloTimeoutMs of [0, 1.5, 600_001]) {
    it(`refuses "helloTimeoutMs": ${helloTimeoutMs}`, async () => {
      await assert.rejects(fetched(hello, { helloTimeoutMs }), { name: 'RangeError', message: /"helloTimeoutMs"/ })
    })
  }
})
