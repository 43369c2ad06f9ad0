import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import type { Logger } from '@ticketgate/core'
import { MockAgent } from 'undici'
import { VirtualClock } from '../../fixtures/virtual-clock.ts'
import {
  backendFor,
  begin,
  errorCode,
  eventsOf,
  good,
  html,
  json,
  key,
  newTicket,
  StubSteam,
  turns,
} from './support.ts'

/** Everything that a secret may be written as. */
function formsOf(bytes: Buffer): string[] {
  const hex = bytes.toString('hex')
  const base64 = bytes.toString('base64')
  const base64url = bytes.toString('base64url')
  const forms = [hex, hex.toUpperCase(), base64, base64url]
  // Parts too: a message may have been cut.
  if (hex.length > 200) forms.push(hex.slice(100, 140), hex.slice(100, 140).toUpperCase(), base64.slice(60, 90))
  return forms
}

function assertClean(shown: unknown, ticket: Uint8Array, what: string): void {
  const text = inspect(shown, {
    depth: Infinity,
    showHidden: true,
    getters: true,
    maxStringLength: null,
    maxArrayLength: null,
  })
  const secrets = [
    ...formsOf(Buffer.from(ticket)),
    ...formsOf(Buffer.from(key)),
    key,
    key.toLowerCase(),
    'x-webapi-key',
    '?appid',
  ]
  for (const secret of secrets) assert.ok(!text.includes(secret), `${what} shows ${secret}: ${text}`)
}

function recordingLogger(): { logger: Logger; lines: unknown[] } {
  const lines: unknown[] = []
  const log = (fields: Record<string, unknown>, message: string) => void lines.push([fields, message])
  return { logger: { trace: log, debug: log, info: log, warn: log, error: log }, lines }
}

describe('steamWebApi: secrets', () => {
  // Every way in which a body might hand the question back.
  const echo = (request: { line: string }) => ({ body: `<html>${request.line} ${key}</html>` })
  const cases: [string, Parameters<typeof StubSteam.listen>[0]][] = [
    ['an echo with 200', echo],
    ['an echo with 403', (request) => ({ ...echo(request), status: 403 })],
    ['an echo with 500', (request) => ({ ...echo(request), status: 500 })],
    ['an echo as JSON', (request) => json({ response: { params: { result: request.line, steamid: key } } })],
    ['an echo as error text', (request) => json({ response: { error: { errorcode: request.line, errordesc: key } } })],
    ['a redirect', (request) => ({ status: 302, headers: { location: `${request.line}&key=${key}` } })],
    ['a reset', 'reset'],
    ['a header that is none', { headers: { 'content-length': '5' }, body: 'HTTP/1.1 ???' }],
    ['error 101', errorCode(101)],
    ['429', html(429, { 'retry-after': '9' })],
  ]
  for (const [what, answer] of cases) {
    it(`do not show for ${what}: not in errors, answers, events, logs or the backend itself`, async () => {
      await using stub = await StubSteam.listen(answer)
      const { logger, lines } = recordingLogger()
      const backend = backendFor(stub, { retries: 0, logger })
      const events = eventsOf(backend)
      const ticket = newTicket()
      for (let call = 0; call < 6; call++) {
        const outcome = await begin(backend, { ticket }).catch((error: unknown) => error)
        assertClean(outcome, ticket, what)
        if (outcome instanceof Error) assertClean(outcome.stack, ticket, what)
      }
      const others = await Promise.allSettled([
        backend.getPlayerBans!(['76561197960287930']),
        backend.userHasLicenseForApp!('76561197960287930', 480),
      ])
      assertClean([others, events, lines, backend, JSON.stringify(backend)], ticket, what)
      await backend.close()
    })
  }

  it('do not show for the deadline, an abort, closing or a refused connection', async () => {
    const clock = new VirtualClock()
    const ticket = newTicket()
    const shown: unknown[] = []
    await using stub = await StubSteam.listen('hang')
    const backend = backendFor(stub, { clock })
    const late = begin(backend, { ticket })
    await stub.received(1)
    await Promise.all([clock.advanceAsync(8_100), late.catch((error) => shown.push(error))])
    const leaver = new AbortController()
    const left = begin(backend, { ticket, signal: leaver.signal })
    leaver.abort()
    await left.catch((error) => shown.push(error))
    const closed = begin(backend, { ticket })
    await Promise.all([backend.close(), closed.catch((error) => shown.push(error))])
    await stub[Symbol.asyncDispose]()
    const nowhere = backendFor(stub, { retries: 0 })
    await begin(nowhere, { ticket }).catch((error) => shown.push(error))
    await nowhere.close()
    assert.equal(shown.length, 4)
    for (const error of shown) assertClean(error, ticket, 'an error')
  })

  it('do not show when a dispatcher, a key function or a policy puts them into its errors', async () => {
    const ticket = newTicket()
    const talkative = (text: string): Error => {
      const error = new Error(`failed for ${text}`, { cause: new Error(text) })
      return Object.assign(error, { url: text, code: text.slice(0, 30), headers: { 'x-webapi-key': key } })
    }
    const text = `https://partner.steam-api.com/?key=${key}&ticket=${Buffer.from(ticket).toString('hex')}`
    await using stub = await StubSteam.listen()
    for (const options of [
      {
        dispatcher: {
          dispatch: (_options: unknown, handler: { onResponseError: (...args: unknown[]) => void }) =>
            handler.onResponseError(null, talkative(text)),
        } as never,
      },
      {
        dispatcher: {
          dispatch: () => {
            throw talkative(text)
          },
        } as never,
      },
      {
        key: () => {
          throw talkative(text)
        },
      },
      { key: () => `${key}\r\n` },
      {
        policy: {
          execute: async () => {
            throw talkative(text)
          },
        },
      },
    ]) {
      const backend = backendFor(stub, { retries: 0, ...options })
      const events = eventsOf(backend)
      const error = await begin(backend, { ticket }).catch((thrown: unknown) => thrown)
      assert.ok(error instanceof Error && 'refusalCode' in error, String(error))
      await turns()
      assertClean([error, error.stack, events], ticket, 'the error')
      await backend.close()
    }
  })

  it('do not show in errors about options', async () => {
    for (const options of [
      { key: `${key} ` },
      { key: [key] },
      { apps: [{ appId: 480, key: `${key}\n` }] },
      { baseUrl: `https://user:${key}@example.com` },
      { baseUrl: `https://example.com/?key=${key}` },
      { baseUrl: key },
      { identity: key + key },
      { dangerouslyTrustTicketKey: key },
    ]) {
      try {
        backendFor({ url: 'http://127.0.0.1:9' }, options as never)
        assert.fail('it was accepted')
      } catch (error) {
        assert.ok(error instanceof TypeError)
        assertClean(error, Buffer.alloc(300, 7), JSON.stringify(Object.keys(options)))
      }
    }
  })

  it("let a simulator's tickets in by no dispatcher, whatever the address says", async () => {
    const agent = new MockAgent()
    agent.disableNetConnect()
    const steam = agent.get('https://partner.steam-api.com')
    steam
      .intercept({ path: () => true, method: 'GET' })
      .reply(200, (good() as { body: string }).body)
      .persist()
    const backend = backendFor(
      { url: '' },
      { dispatcher: agent, baseUrl: undefined as never, dangerouslyTrustTicketKey: undefined as never },
    )
    assert.deepEqual(await begin(backend), { type: 'refused', code: 'ticket-signature-invalid' })
    await backend.close()
    await agent.close()
  })
})
