import assert from 'node:assert/strict'
import {
  AuthSessionResponse,
  type Backend,
  type BackendEvent,
  type Code,
  codeFromAuthSessionResponse,
  type TicketReading,
  type Verdict,
} from '@ticketgate/core'
import type { BackendSubject, ContractTicket } from './subject.ts'

/** The three methods that every verifying backend has. */
export type VerifyingBackend = Backend &
  Required<Pick<Backend, 'inspectTicket' | 'beginAuthSession' | 'endAuthSession'>>

/** @throws AssertionError when the backend cannot verify. */
export function verifying(backend: Backend): VerifyingBackend {
  for (const method of ['inspectTicket', 'beginAuthSession', 'endAuthSession'] as const) {
    assert.equal(typeof backend[method], 'function', `a backend that verifies has ${method}`)
  }
  return backend as VerifyingBackend
}

export function read(subject: BackendSubject, ticket: ContractTicket): TicketReading {
  return verifying(subject.backend).inspectTicket(ticket.data)
}

/** Begins with a ticket as `Authentication` would, without looking at its problems. */
export function begin(subject: BackendSubject, ticket: ContractTicket, signal?: AbortSignal) {
  const { steamId, identity } = ticket
  return verifying(subject.backend).beginAuthSession({ ticket: read(subject, ticket), steamId, identity }, { signal })
}

/** How a begin ended: with a verdict, good or bad, or a refusal. */
export type Decision = { readonly code: Code | undefined; readonly verdict: Verdict | undefined }

/** Begins, waits for the verdict where it comes later, and leaves the session open where there is one. */
export async function decide(subject: BackendSubject, ticket: ContractTicket): Promise<Decision> {
  const verdicts = collect(subject.backend, (event) =>
    event.type === 'verdict' && event.verdict.steamId === ticket.steamId ? event.verdict : undefined,
  )
  try {
    const answer = await begin(subject, ticket)
    if (answer.type === 'refused') return { code: answer.code, verdict: undefined }
    const verdict = answer.type === 'verdict' ? answer.verdict : await verdicts.next()
    const isGood = verdict.response === AuthSessionResponse.OK
    return { code: isGood ? undefined : codeFromAuthSessionResponse(verdict.response), verdict }
  } finally {
    verdicts.stop()
  }
}

/** Ends what {@link decide} left open. */
export function end(subject: BackendSubject, ticket: ContractTicket): void {
  verifying(subject.backend).endAuthSession(ticket.steamId)
}

/** Gathers what a backend reports from now on. */
export function collect<T>(backend: Backend, pick: (event: BackendEvent) => T | undefined) {
  const found: T[] = []
  const waiting: ((value: T) => void)[] = []
  const stop = backend.subscribe((event) => {
    const value = pick(event)
    if (value === undefined) return
    const resolve = waiting.shift()
    if (resolve) resolve(value)
    else found.push(value)
  })
  return {
    /** The next one that nobody took yet; waits for it. */
    next(): Promise<T> {
      const value = found.shift()
      return value === undefined ? new Promise<T>((resolve) => waiting.push(resolve)) : Promise.resolve(value)
    },
    /** Came and was not taken. */
    found: found as readonly T[],
    stop,
  }
}
