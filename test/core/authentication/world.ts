import assert from 'node:assert/strict'
import {
  Authentication,
  type AuthenticationEvents,
  type AuthenticationOptions,
  type AuthSession,
  type Code,
  type Refusal,
} from '@ticketgate/core'
import { FakeBackend, type FakeBackendOptions } from '../../fixtures/fake-backend.ts'
import { settle, VirtualClock } from '../../fixtures/virtual-clock.ts'

const eventNames = [
  'ticketIssued',
  'ticketCanceled',
  'sessionBegun',
  'sessionEnded',
  'strayVerdict',
  'backendUnavailable',
  'backendRecovered',
  'warning',
] as const satisfies readonly (keyof AuthenticationEvents)[]

/** An `Authentication` over a fake backend and a virtual clock, with all its events written down. */
export function createWorld(options: FakeBackendOptions & Omit<AuthenticationOptions, 'backend'> = {}) {
  const clock = new VirtualClock()
  const backend = new FakeBackend(options)
  const authentication = new Authentication({ clock, ...options, backend })
  const events: { readonly name: keyof AuthenticationEvents; readonly event: unknown }[] = []
  for (const name of eventNames) authentication.on(name, (event) => events.push({ name, event }))

  return {
    clock,
    backend,
    authentication,
    events,
    /** Names of the events so far, in order. */
    get eventNames(): string[] {
      return events.map(({ name }) => name)
    },
    eventsOf<Name extends keyof AuthenticationEvents>(name: Name): AuthenticationEvents[Name][] {
      return events.filter((each) => each.name === name).map(({ event }) => event as AuthenticationEvents[Name])
    },
    /** Every reason with which a session ended, in order. */
    get endReasons(): string[] {
      return this.eventsOf('sessionEnded').map(({ reason }) => reason)
    },
    /** Opens a session all the way. */
    async open(ticket: Uint8Array, beginOptions?: Parameters<Authentication['beginAuthSession']>[2]) {
      const outcome = authentication.beginAuthSession(ticket, undefined, beginOptions)
      const begin = backend.lastBegin
      if (backend.sessionModel === 'exclusive') {
        begin.begun()
        await settle()
        backend.sayVerdict(begin.user)
      } else begin.verdict()
      return requireSession(await outcome)
    },
    /** What must be true of every world at its end. */
    assertNothingHeld(): void {
      assert.equal(authentication.activeSessions.size, 0, 'open sessions')
      assert.equal(authentication.activeTickets.size, 0, 'open tickets')
      assert.equal(authentication.pendingBegins, 0, 'pending begins')
      assert.equal(clock.timers, 0, 'timers')
      assert.equal(backend.open.size, 0, 'sessions open at the backend')
      assert.equal(backend.liveHandles.size, 0, 'tickets live at the backend')
      this.assertFair()
    },
    /** The backend's contract was kept, and events came in pairs. */
    assertFair(): void {
      assert.deepEqual(backend.violations, [])
      const begun = this.eventsOf('sessionBegun')
      const ended = this.eventsOf('sessionEnded').map(({ session }) => session)
      assert.equal(new Set(ended).size, ended.length, 'a session ended twice')
      assert.deepEqual(new Set(begun), new Set([...ended, ...authentication.activeSessions.values()]))
    },
  }
}

export type World = ReturnType<typeof createWorld>

export function requireSession(outcome: AuthSession | Refusal): AuthSession {
  assert.ok(outcome.ok, `refused with ${outcome.ok || outcome.code}`)
  return outcome
}

export async function assertRefused(outcome: Promise<AuthSession | Refusal>, code: Code): Promise<Refusal> {
  const refusal = await outcome
  assert.ok(!refusal.ok, `admitted, not refused with ${code}`)
  assert.equal(refusal.code, code)
  return refusal
}

/** What has become of a promise, without waiting for it. */
export function track<Value>(promise: Promise<Value>) {
  const tracked = {
    isSettled: false,
    value: undefined as Value | undefined,
    error: undefined as unknown,
  }
  promise.then(
    (value) => {
      tracked.isSettled = true
      tracked.value = value
    },
    (error: unknown) => {
      tracked.isSettled = true
      tracked.error = error
    },
  )
  return tracked
}
