import assert from 'node:assert/strict'
import { Authentication, type AuthSession, type AuthTicket, type SteamId } from '@ticketgate/core'
import { FakeBackend, type FakeBackendOptions } from '../../../fixtures/fake-backend.ts'
import { fakeReading } from '../../../fixtures/fake-ticket.ts'
import { settle, VirtualClock } from '../../../fixtures/virtual-clock.ts'
import type { BeginCall, Model, TicketCall } from './model.ts'

/** The real thing under the hands of the commands: an `Authentication`, its fake backend and its clock. */
export class Stage {
  readonly clock = new VirtualClock()
  readonly backend: FakeBackend
  readonly authentication: Authentication
  readonly model: Model
  /** Every session that began, in order. */
  readonly sessions: AuthSession[] = []
  /** Every session that ended, with its reason. */
  readonly ended = new Map<AuthSession, string>()
  /** Every ticket that was issued, in order, also those that no caller got. */
  readonly tickets: AuthTicket[] = []
  readonly canceled = new Set<AuthTicket>()
  /** Calls of `endAllSessions` that have not resolved. */
  endings = 0
  /** What went wrong inside a listener, where a throw would not reach the test. */
  readonly faults: string[] = []

  constructor(model: Model, options: FakeBackendOptions) {
    this.model = model
    this.backend = new FakeBackend(options)
    this.authentication = new Authentication({ backend: this.backend, clock: this.clock })
    this.backend.onAsked = (begin) => {
      model.callOf(begin.request.ticket.fingerprint).begin = begin
    }
    this.backend.onEnd = (user) => {
      for (const call of model.opened(user)) {
        if (call.begin?.book === 'ended') call.endedAtMs ??= this.clock.monotonicNow()
      }
    }
    this.authentication.on('sessionBegun', (session) => {
      if (this.sessions.includes(session)) this.faults.push('a session began twice')
      this.sessions.push(session)
    })
    this.authentication.on('sessionEnded', ({ session, reason }) => {
      if (!this.sessions.includes(session)) this.faults.push('a session ended that never began')
      if (this.ended.has(session)) this.faults.push('a session ended twice')
      if (!session.isEnded) this.faults.push('a session that ended does not say so')
      this.ended.set(session, reason)
    })
    this.authentication.on('ticketIssued', (ticket) => this.tickets.push(ticket))
    this.authentication.on('ticketCanceled', (ticket) => {
      if (this.canceled.has(ticket)) this.faults.push('a ticket was cancelled twice')
      this.canceled.add(ticket)
    })
  }

  /** Holds every session that begins and ends against what the model says may begin and end. */
  attribute(): void {
    this.authentication.on('sessionBegun', ({ fingerprint }) => this.#blame(this.model.whyNotBegun(fingerprint)))
    this.authentication.on('sessionEnded', ({ session, reason }) =>
      this.#blame(this.model.whyNotEnded(session.fingerprint, reason)),
    )
  }

  begin(user: SteamId, options: { readonly replace: boolean; readonly response: number }): void {
    const { model } = this
    const call: BeginCall = {
      id: `ticket-${model.calls.length}`,
      user,
      ...options,
      controller: new AbortController(),
      outcome: 'pending',
      begin: undefined,
      verdict: 'outstanding',
      badWords: [],
      isEndWanted: false,
      endedAtMs: undefined,
    }
    model.calls.push(call)
    this.authentication
      .beginAuthSession(fakeReading(user, call.id), undefined, {
        signal: call.controller.signal,
        replace: call.replace,
      })
      .then(
        (outcome) => {
          call.outcome = outcome.ok ? 'admitted' : 'refused'
        },
        () => {
          call.outcome = 'aborted'
        },
      )
  }

  requestTicket(): void {
    const controller = new AbortController()
    const issued = this.authentication.getAuthSessionTicket(undefined, { signal: controller.signal })
    const call: TicketCall = {
      controller,
      issue: this.backend.tickets.at(-1)!,
      outcome: 'pending',
      handle: undefined,
      isCancelWanted: false,
      isRefusalDue: false,
    }
    this.model.ticketCalls.push(call)
    issued.then(
      () => {
        call.outcome = 'issued'
      },
      () => {
        call.outcome = 'rejected'
      },
    )
  }

  endAll(): void {
    this.endings++
    this.authentication.endAllSessions().then(
      () => this.endings--,
      () => this.faults.push('endAllSessions rejected'),
    )
  }

  /** What is true at any moment, also between two microtasks. */
  assertPaired(): void {
    const { authentication, backend, sessions, ended } = this
    assert.deepEqual(backend.violations, [])
    assert.deepEqual(this.faults, [])
    assert.equal(authentication.activeSessions.size, sessions.length - ended.size)
    for (const [user, session] of authentication.activeSessions) {
      assert.ok(!session.isEnded && !ended.has(session), 'an ended session is active')
      if (backend.sessionModel === 'exclusive') {
        const atSteam = backend.open.get(user)?.request.ticket.fingerprint
        assert.equal(session.fingerprint, atSteam, 'we hold another session than Steam')
      }
    }
    for (const user of backend.open.keys()) {
      assert.ok(
        authentication.activeSessions.has(user) || authentication.pendingBegins > 0,
        'a session is open at Steam that nobody holds',
      )
    }
    assert.equal(authentication.activeTickets.size, this.tickets.length - this.canceled.size)
  }

  /** All is told to end. What the backend still owes comes late, and in the least welcome form. */
  async endEverything(): Promise<void> {
    const { authentication, backend, model } = this
    for (const call of model.calls) call.isEndWanted = true
    this.endAll()
    authentication.cancelAllTickets()
    for (const begin of backend.pendingBegins) {
      if (backend.sessionModel === 'exclusive') begin.begun()
      else begin.verdict()
    }
    for (const call of backend.pendingTickets) backend.issue(call)
    await settle()
    assert.equal(this.endings, 0, 'endAllSessions does not resolve')
  }

  /** What is true when all that was set off has happened: whatever is open, its caller has it. */
  async assertReached(): Promise<void> {
    await settle()
    this.assertPaired()
    for (const { fingerprint } of this.authentication.activeSessions.values()) {
      assert.equal(this.model.callOf(fingerprint).outcome, 'admitted', 'a session is open whose caller has left')
    }
    const issued = this.model.ticketCalls.filter(({ outcome }) => outcome === 'issued')
    for (const handle of this.authentication.activeTickets.keys()) {
      assert.ok(
        issued.some((call) => call.handle === handle),
        'a ticket is open whose caller has left',
      )
    }
  }

  assertNothingHeld(): void {
    const { authentication, backend, model } = this
    this.assertPaired()
    assert.equal(authentication.activeSessions.size, 0)
    assert.equal(authentication.activeTickets.size, 0)
    assert.equal(authentication.pendingBegins, 0)
    assert.equal(this.clock.timers, 0)
    assert.equal(backend.open.size, 0)
    assert.equal(backend.liveHandles.size, 0)
    for (const { outcome } of [...model.calls, ...model.ticketCalls]) {
      assert.notEqual(outcome, 'pending', 'a caller still waits')
    }
  }

  /** At the end of everything: each begun session has its one end, each issued ticket its one cancel. */
  assertBalanced(): void {
    const { backend } = this
    assert.equal(this.sessions.length, this.ended.size)
    if (backend.sessionModel === 'exclusive') {
      const begun = backend.begins.filter(({ book }) => book !== 'none').map(({ user }) => user)
      assert.deepEqual(backend.ends.toSorted(), begun.toSorted())
    }
    assert.deepEqual(
      backend.cancels.toSorted((a, b) => a - b),
      backend.issuedHandles,
    )
  }

  #blame(why: string | undefined): void {
    if (why !== undefined) this.faults.push(why)
  }
}
