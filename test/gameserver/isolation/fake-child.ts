// The child of the tests: `serveParent` over a game server that does what the bytes of a "ticket" say, and writes
// down in the file FAKE_JOURNAL what it was asked to do. FAKE_PLAN says how each start goes.

import { spawn } from 'node:child_process'
import { appendFileSync, readFileSync, writeSync } from 'node:fs'
import { BackendError, type BackendEvent, Emitter, type SteamId, TicketgateError } from '@ticketgate/core'
import {
  type GameServer,
  GameServerError,
  type GameServerEvents,
  type GameServerOptions,
  type GameServerState,
} from '@ticketgate/gameserver'
import { startWatchdog } from '../../../packages/gameserver/src/binding/watchdog.ts'
import { serveParent } from '../../../packages/gameserver/src/isolation/serve-parent.ts'

const journalPath = String(process.env.FAKE_JOURNAL)
const plan = JSON.parse(String(process.env.FAKE_PLAN)) as string[]

function note(...words: (string | number | undefined)[]): void {
  appendFileSync(journalPath, `${words.join(' ')}\n`)
}

function hang(): never {
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000)
}

function crash(how: string): void {
  if (how.startsWith('words ')) {
    writeSync(2, 'the first word\nthe last word')
  }
  if (how.startsWith('heir ')) {
    const heir = spawn('sleep', ['60'], { stdio: ['ignore', 'inherit', 'inherit'] })
    note('heir', heir.pid)
  }
  const [kind, value] = how.replace(/^(words|heir) /, '').split(' ')
  if (kind === 'hang') hang()
  if (kind === 'abort') process.abort()
  if (kind === 'exit') process.exit(Number(value))
  process.kill(process.pid, kind as NodeJS.Signals)
  hang()
}

// One that hangs must not outlive a test that fails.
await startWatchdog(90)

serveParent(async function createFakeGameServer(options: GameServerOptions): Promise<GameServer> {
  const number = readFileSync(journalPath, 'utf8').match(/^start /gm)?.length ?? 0
  const step = plan[Math.min(number, plan.length - 1)] ?? 'connected'
  note('start', process.pid, process.env.SteamAppId, process.env.SteamGameId, options.token)
  if (step.startsWith('fault ')) {
    throw new GameServerError('ERR_STEAM_INIT', 'Steam did not start', {
      reason: step.slice('fault '.length) as GameServerError['reason'],
      hint: 'Mend it.',
      libraryMessage: 'No SteamClient021',
      result: 1,
    })
  }
  if (step === 'error') throw new Error('something else')
  if (!['connected', 'connecting'].includes(step)) crash(step)

  const events = new Emitter<GameServerEvents>()
  const backendEvents = new Emitter<{ event: BackendEvent }>()
  const open = new Set<SteamId>()
  let state: GameServerState = 'connecting'
  let error: Error | undefined
  let strayVerdicts = 0
  let held: (() => void) | undefined
  let lastHandle = 0
  // Keeps the process alive no more than the library's polling would.
  const setState = (to: GameServerState): void => {
    const from = state
    state = to
    events.emit('stateChanged', { from, to, error })
  }
  const connect = (): void => {
    setState('connected')
    events.emit('connected', { steamId: '90071992547409920', isSecure: true })
    if (number === 0) backendEvents.emit('event', { type: 'recovered' })
  }
  const verdict = (steamId: SteamId, response: number): void => {
    if (!open.has(steamId)) strayVerdicts++
    backendEvents.emit('event', { type: 'verdict', verdict: { steamId, ownerSteamId: steamId, response } })
  }
  if (step === 'connected') setImmediate(connect)
  if (options.description === 'Steam is down') {
    setInterval(() => events.emit('connectFailed', { result: 3, isRetrying: true }), 5).unref()
  }

  return {
    name: 'fake',
    issues: ['session'],
    verifies: ['session'],
    appIds: [options.appId],
    sessionModel: 'exclusive',
    get available() {
      return state === 'connected'
    },
    get state() {
      return state
    },
    get error() {
      return error
    },
    get serverSteamId() {
      return state === 'connected' ? '90071992547409920' : undefined
    },
    get isSecure() {
      return state === 'connected'
    },
    get counts() {
      return { begun: 0, ended: 0, open: open.size, strayVerdicts, malformedVerdicts: 0, restarts: 0 }
    },
    ready: () => Promise.resolve(),
    on: (name, listener) => events.on(name, listener),
    subscribe: (listener) => backendEvents.on('event', listener),
    inspectTicket: (data) => ({ data }) as never,
    async issueTicket({ identity }) {
      if (identity === 'none') throw new TicketgateError('ERR_TICKET_REQUEST', 'Steam gave no ticket')
      if (identity === 'slow') await new Promise<void>((resolve) => (held = resolve))
      const handle = ++lastHandle
      note('issue', handle)
      return { handle, data: Uint8Array.of(handle, 2, 3) }
    },
    cancelTicket: (handle) => note('cancel', handle),
    async beginAuthSession({ ticket, steamId }) {
      const [command = '', ...words] = Buffer.from(ticket.data).toString().split(' ')
      const text = words.join(' ')
      switch (command) {
        case 'crash':
          note('crashing')
          crash(text)
          break
        case 'say':
          writeSync(2, `${text}\n`)
          writeSync(1, `${text}\n`)
          break
        case 'log':
          options.logger?.warn({ text, error: new Error('inner'), nested: { a: 1 } }, 'a line of the child')
          break
        case 'disconnect':
          setState('reconnecting')
          events.emit('disconnected', { result: 3 })
          backendEvents.emit('event', { type: 'unavailable', reason: 'EResult 3' })
          setTimeout(() => {
            setState('connected')
            backendEvents.emit('event', { type: 'recovered' })
          }, 20)
          break
        case 'refuse-token':
          error = new GameServerError('ERR_STEAM_LOGON', 'refused', { reason: 'token-refused', hint: '', result: 106 })
          setState('failed')
          break
        case 'warn':
          events.emit('connectFailed', { result: 5, isRetrying: true })
          events.emit('unknownCallback', { id: 209, bytes: 32 })
          backendEvents.emit('event', { type: 'warning', reason: 'test', message: text })
          break
        case 'verdict':
          verdict(words[1] ?? steamId, Number(words[0]))
          break
        case 'release':
          held?.()
          break
        case 'throttled':
          throw new BackendError('backend-throttled', 'slowly', { retryAfterMs: 7, cause: new TypeError('inner') })
        case 'throw':
          throw new Error('broken')
      }
      if (command !== 'hold' && command !== 'good' && command !== 'silent')
        return { type: 'refused', code: 'ticket-invalid' }
      note('begin', steamId)
      if (open.has(steamId)) return { type: 'refused', code: 'duplicate-request' }
      open.add(steamId)
      if (command === 'hold') await new Promise<void>((resolve) => (held = resolve))
      if (command === 'good') setImmediate(() => verdict(steamId, 0))
      return { type: 'begun' }
    },
    endAuthSession(steamId) {
      note('end', steamId)
      open.delete(steamId)
    },
    userHasLicenseForApp: (_steamId, appId) => (appId === 481 ? 1 : 0),
    async close() {
      note('close', '')
      if (options.description === 'never closes') await new Promise(() => setInterval(() => {}, 1_000))
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
})
