// Checked by the compiler alone, never run: what must not compile is marked, and a mark that is not needed
// is an error itself.

import {
  Authentication,
  type AuthSession,
  type AuthTicket,
  type Backend,
  BackendError,
  type Clock,
  type Code,
  createRefusal,
  type Deadline,
  Deadlines,
  Emitter,
  type ErrorCode,
  type Refusal,
  type SessionEndReason,
  type SteamId,
  TicketgateError,
  type Verdict,
} from '@ticketgate/core'

declare const backend: Backend
declare const clock: Clock
declare const bytes: Uint8Array
declare const user: SteamId
declare const ticket: AuthTicket
declare const session: AuthSession

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function expectType<Expected>(): <Actual>(value: Actual, same: Equal<Actual, Expected>) => void {
  return () => {}
}

const authentication = new Authentication({ backend, clock, verdictTimeoutMs: 1000, maxTickets: 8 })

export async function construction(): Promise<void> {
  // @ts-expect-error a backend is needed
  new Authentication({})
  // @ts-expect-error options are needed
  new Authentication()
  // @ts-expect-error no such option
  new Authentication({ backend, timeoutMs: 1 })
  // @ts-expect-error milliseconds are a number
  new Authentication({ backend, verdictTimeoutMs: '1s' })
  // @ts-expect-error read-only
  authentication.backend = backend
}

export async function tickets(): Promise<void> {
  expectType<AuthTicket>()(await authentication.getAuthSessionTicket(), true)
  expectType<AuthTicket>()(await authentication.getAuthSessionTicket('85568392920039424', {}), true)
  expectType<AuthTicket>()(
    await authentication.getAuthTicketForWebApi('my-game', { signal: AbortSignal.abort() }),
    true,
  )
  // @ts-expect-error a webapi ticket needs an identity
  await authentication.getAuthTicketForWebApi()
  // @ts-expect-error an identity is text
  await authentication.getAuthSessionTicket(1)
  // @ts-expect-error the controller's signal, not a boolean
  await authentication.getAuthSessionTicket(undefined, { signal: true })

  expectType<boolean>()(authentication.cancelAuthTicket(ticket), true)
  // @ts-expect-error tickets are cancelled whole, not by handle
  authentication.cancelAuthTicket(ticket.handle)
  expectType<void>()(authentication.cancelAllTickets(), true)
  expectType<boolean>()(authentication.isAuthTicketValid(bytes), true)
  expectType<boolean>()(authentication.isAuthTicketValid('1400'), true)
  expectType<string>()(authentication.encodeAuthTicket(ticket), true)
  // @ts-expect-error what is text already is not encoded again
  authentication.encodeAuthTicket('1400')

  ticket.verified = true
  // @ts-expect-error read-only
  ticket.data = bytes
  // @ts-expect-error read-only
  ticket.handle = 2
  // @ts-expect-error read-only
  ticket.isCanceled = true
}

export async function sessions(): Promise<void> {
  const outcome = await authentication.beginAuthSession(bytes, user, { identity: 'my-game', replace: true })
  expectType<AuthSession | Refusal>()(outcome, true)
  // @ts-expect-error a refusal has no player: ask `ok` first
  outcome.user
  if (outcome.ok) {
    expectType<AuthSession>()(outcome, true)
    // @ts-expect-error a session has no code
    outcome.code
  } else {
    expectType<Refusal>()(outcome, true)
    expectType<Code>()(outcome.code, true)
    // @ts-expect-error a refusal cannot be ended
    outcome.end()
    // @ts-expect-error read-only
    outcome.code = 'kicked'
  }
  // @ts-expect-error a SteamID is text: a number would be rounded
  await authentication.beginAuthSession(bytes, Number(user))
  // @ts-expect-error a SteamID is text, also not a bigint
  await authentication.beginAuthSession(bytes, 76561197960265729n)
  // @ts-expect-error our own ticket is not one that was received
  await authentication.beginAuthSession(ticket)
  // @ts-expect-error yes or no
  await authentication.beginAuthSession(bytes, user, { replace: 'yes' })
  // @ts-expect-error no such option
  await authentication.beginAuthSession(bytes, user, { timeoutMs: 1 })

  expectType<boolean>()(authentication.endAuthSession(user), true)
  // @ts-expect-error ended by player
  authentication.endAuthSession(session)
  expectType<Promise<void>>()(authentication.endAllSessions(), true)
  expectType<'has-license' | 'does-not-have-license' | 'no-auth'>()(
    await authentication.userHasLicenseForApp(user, 480),
    true,
  )
  // @ts-expect-error an app id is a number
  await authentication.userHasLicenseForApp(user, '480')

  // @ts-expect-error read-only
  session.user = user
  // @ts-expect-error read-only
  session.owner = user
  // @ts-expect-error read-only
  session.isBorrowed = true
  // @ts-expect-error read-only
  session.isEnded = true
}

export async function disposables(): Promise<void> {
  using _ticket = await authentication.getAuthSessionTicket()
  const outcome = await authentication.beginAuthSession(bytes)
  if (!outcome.ok) return
  using _session = outcome
  // @ts-expect-error a refusal holds nothing to dispose of
  using _refusal = createRefusal('kicked')
}

export function views(): void {
  expectType<AuthSession | undefined>()(authentication.activeSessions.get(user), true)
  expectType<AuthTicket | undefined>()(authentication.activeTickets.get(1), true)
  // @ts-expect-error read-only
  authentication.activeSessions.set(user, session)
  // @ts-expect-error read-only
  authentication.activeSessions.delete(user)
  // @ts-expect-error read-only
  authentication.activeTickets.clear()
  // @ts-expect-error read-only
  authentication.activeTickets = new Map()
  // @ts-expect-error tickets are found by handle, a number
  authentication.activeTickets.get('1')
}

export function events(): void {
  authentication.on('ticketIssued', (event) => expectType<AuthTicket>()(event, true))
  authentication.on('ticketCanceled', (event) => expectType<AuthTicket>()(event, true))
  authentication.on('sessionBegun', (event) => expectType<AuthSession>()(event, true))
  authentication.on('sessionEnded', ({ session, reason }) => {
    expectType<AuthSession>()(session, true)
    expectType<SessionEndReason>()(reason, true)
  })
  authentication.on('strayVerdict', (event) => expectType<Verdict>()(event, true))
  authentication.on('backendUnavailable', ({ reason }) => expectType<string>()(reason, true))
  authentication.on('warning', ({ message }) => expectType<string>()(message, true))
  // @ts-expect-error no such event
  authentication.on('sessionStarted', () => {})
  // @ts-expect-error a listener takes what the event carries
  authentication.on('sessionBegun', (event: AuthTicket) => event)

  const emitter = new Emitter<{ left: string }>()
  emitter.emit('left', 'Ada')
  // @ts-expect-error this event carries text
  emitter.emit('left', 1)
  // @ts-expect-error no such event
  emitter.emit('joined', 'Ada')
}

export function codesAndErrors(): void {
  createRefusal('kicked', { retryAfterMs: 1 })
  // @ts-expect-error no such code
  createRefusal('thrown-out')
  expectType<ErrorCode>()(new TicketgateError('ERR_CLOSED', 'closed').code, true)
  // @ts-expect-error no such error
  new TicketgateError('ERR_OTHER', 'other')
  new BackendError('backend-throttled', 'slow down', { retryAfterMs: 1 })
  // @ts-expect-error a backend's fault never speaks about the ticket
  new BackendError('ticket-invalid', 'bad ticket')
}

export function time(): void {
  const deadlines = new Deadlines(clock)
  const deadline: Deadline = deadlines.add(100, () => {})
  deadlines.cancel(deadline)
  deadlines.cancel(undefined)
  // @ts-expect-error milliseconds first
  deadlines.add(() => {}, 100)
}

export function ports(): void {
  // @ts-expect-error what a backend verifies must be said
  const incomplete: Backend = {
    name: 'x',
    issues: [],
    appIds: [],
    sessionModel: 'one-shot',
    available: true,
    subscribe: () => () => {},
    close: async () => {},
  }
  const odd: Backend = {
    ...incomplete,
    // @ts-expect-error no such model
    sessionModel: 'several',
  }
  return void odd
}
