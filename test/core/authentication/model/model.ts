import assert from 'node:assert/strict'
import { codeFromAuthSessionResponse, type SteamId } from '@ticketgate/core'
import type { FakeBegin, FakeIssue } from '../../../fixtures/fake-backend.ts'

/** How long after its session a verdict may still arrive, in milliseconds. */
const staleVerdictMs = 60_000

/** One `beginAuthSession` as its caller and as Steam see it. */
export interface BeginCall {
  /** The fingerprint of its ticket, by which everything finds its way back to it. */
  readonly id: string
  readonly user: SteamId
  readonly replace: boolean
  readonly controller: AbortController
  /** Steam's first word on it. */
  readonly response: number
  outcome: 'pending' | 'admitted' | 'refused' | 'aborted'
  /** The question to the backend, once it was asked. */
  begin: FakeBegin | undefined
  /** `outstanding` until its first verdict was delivered, or will never be. */
  verdict: 'outstanding' | 'said' | 'lost'
  /** Bad words that Steam said about this begin and no other. */
  readonly badWords: number[]
  /** Its holder, or somebody who ends all, wanted it over. */
  isEndWanted: boolean
  /** When its session ended at the backend, in milliseconds of the monotonic clock. */
  endedAtMs: number | undefined
}

/** One request for a ticket as its caller sees it. */
export interface TicketCall {
  readonly controller: AbortController
  readonly issue: FakeIssue
  outcome: 'pending' | 'issued' | 'rejected'
  handle: number | undefined
  /** Its holder, or somebody who cancels all, wanted it over. */
  isCancelWanted: boolean
  /** Its caller left before Steam had answered. */
  isRefusalDue: boolean
}

/**
 * What callers and Steam know, and nothing of how it is done: who asked for what, which verdict belongs to
 * which begin, who wanted what to end. From this follows what may happen and what must.
 */
export class Model {
  readonly calls: BeginCall[] = []
  readonly ticketCalls: TicketCall[] = []

  callOf(id: string): BeginCall {
    const call = this.calls.find((each) => each.id === id)
    assert.ok(call !== undefined, `nobody began with ${id}`)
    return call
  }

  /** Calls of one player whose session Steam has opened, oldest first. */
  opened(user: SteamId): BeginCall[] {
    return this.calls.filter((call) => call.user === user && call.begin !== undefined && call.begin.book !== 'none')
  }

  /** Whose verdict comes next: Steam sends them in order, up to a minute late, or never. */
  nextVerdict(user: SteamId, nowMs: number): BeginCall | undefined {
    return this.opened(user).find((call) => {
      const isStale = call.endedAtMs !== undefined && nowMs >= call.endedAtMs + staleVerdictMs
      if (call.verdict === 'outstanding' && isStale) call.verdict = 'lost'
      return call.verdict === 'outstanding'
    })
  }

  /** Whether nothing of this player is under way, at Steam or in the post. */
  isQuiet(user: SteamId): boolean {
    return this.calls.every(
      (call) =>
        call.user !== user ||
        (call.outcome !== 'pending' &&
          call.begin?.state !== 'pending' &&
          call.begin?.book !== 'open' &&
          (call.verdict !== 'outstanding' || call.begin === undefined || call.begin.book === 'none')),
    )
  }

  /** Whether this call's own good verdict, said now, can be taken for nothing else. */
  mustAdmit(call: BeginCall): boolean {
    return (
      call.response === 0 &&
      call.outcome === 'pending' &&
      call.begin?.book === 'open' &&
      this.opened(call.user).every((each) => each === call || each.verdict === 'said')
    )
  }

  /** Why this session must not have begun; nothing when it may. */
  whyNotBegun(id: string): string | undefined {
    const call = this.callOf(id)
    if (call.verdict !== 'said') return `${id} was opened by a verdict on another`
    if (call.response !== 0) return `${id} was opened though its own verdict is bad`
    if (call.badWords.length > 0) return `${id} was opened after Steam took it back`
    return undefined
  }

  /** Why this session must not have ended so; nothing when it may. */
  whyNotEnded(id: string, reason: string): string | undefined {
    const call = this.callOf(id)
    switch (reason) {
      case 'ended':
      case 'closed':
        return call.isEndWanted ? undefined : `${id} ended with "${reason}", which nobody wanted`
      case 'replaced':
        return this.calls.some((each) => each !== call && each.user === call.user && each.replace)
          ? undefined
          : `${id} was replaced by nobody`
      default:
        return call.badWords.some((word) => codeFromAuthSessionResponse(word) === reason)
          ? undefined
          : `${id} ended with "${reason}", which Steam never said of it`
    }
  }
}
