import assert from 'node:assert/strict'
import { begin, collect, decide, end, verifying } from './decide.ts'
import type { BackendSubject } from './subject.ts'

type Check = (subject: BackendSubject) => Promise<void>

/** Sessions: opened once, ended once, and what happens between. */
export const sessionCases: Readonly<Record<string, Check>> = {
  async 'opens a session when exclusive, none when one-shot'(subject) {
    const ticket = await subject.createTicket('good')
    const answer = await begin(subject, ticket)
    const isExclusive = subject.backend.sessionModel === 'exclusive'
    assert.equal(answer.type, isExclusive ? 'begun' : 'verdict')
    assert.equal(subject.open(), isExclusive ? 1 : 0)
    end(subject, ticket)
    assert.equal(subject.open(), 0)
  },

  async 'answers a second begin for an open session with duplicate-request when exclusive, anew when one-shot'(
    subject,
  ) {
    const first = await subject.createTicket('good')
    await decide(subject, first)
    const second = await subject.createTicket('good', first)
    const { code } = await decide(subject, second)
    if (subject.backend.sessionModel === 'exclusive') {
      assert.equal(code, 'duplicate-request')
      assert.equal(subject.open(), 1, 'the first session goes on')
    } else {
      assert.equal(code, undefined)
    }
    end(subject, first)
    assert.equal(subject.open(), 0)
  },

  async 'lets a player begin again after the end'(subject) {
    const first = await subject.createTicket('good')
    await decide(subject, first)
    end(subject, first)
    const second = await subject.createTicket('good', first)
    const { verdict } = await decide(subject, second)
    assert.equal(verdict?.response, 0)
    end(subject, second)
    assert.equal(subject.open(), 0)
  },

  async 'throws at no end, whoever it is for and however often'(subject) {
    const { backend } = subject
    const ticket = await subject.createTicket('good')
    end(subject, ticket)
    await decide(subject, ticket)
    end(subject, ticket)
    end(subject, ticket)
    verifying(backend).endAuthSession('76561197960265729')
    assert.equal(subject.open(), 0)
  },

  async 'leaves nothing open when a begin is aborted before its answer'(subject) {
    const ticket = await subject.createTicket('good')
    await subject.holdAnswers()
    const controller = new AbortController()
    const pending = begin(subject, ticket, controller.signal)
    controller.abort(new Error('gave up'))
    await assert.rejects(pending)
    assert.equal(subject.open(), 0)
    await subject.releaseAnswers()
    const again = await subject.createTicket('good', ticket)
    const { verdict } = await decide(subject, again)
    assert.equal(verdict?.response, 0)
    end(subject, again)
  },

  async 'reports a session that Steam takes back, where Steam tells it'(subject) {
    if (!subject.revoke) return
    const ticket = await subject.createTicket('good')
    await decide(subject, ticket)
    const verdicts = collect(subject.backend, (event) => (event.type === 'verdict' ? event.verdict : undefined))
    await subject.revoke(ticket)
    const verdict = await verdicts.next()
    assert.equal(verdict.steamId, ticket.steamId)
    assert.notEqual(verdict.response, 0)
    verdicts.stop()
    end(subject, ticket)
  },

  async 'issues tickets with handles of their own and cancels them quietly, or does not offer to'({ backend }) {
    if (backend.issues.length === 0) {
      assert.equal(backend.issueTicket, undefined)
      assert.equal(backend.cancelTicket, undefined)
      return
    }
    const handles = new Set<number>()
    for (const kind of backend.issues) {
      for (let count = 0; count < 2; count++) {
        const ticket = await backend.issueTicket?.({ kind, identity: kind === 'webapi' ? 'contract' : undefined })
        assert.ok(ticket)
        assert.ok(Number.isInteger(ticket.handle) && ticket.handle !== 0)
        assert.ok(ticket.data.length > 0)
        handles.add(ticket.handle)
      }
    }
    assert.equal(handles.size, 2 * backend.issues.length)
    for (const handle of handles) {
      backend.cancelTicket?.(handle)
      backend.cancelTicket?.(handle)
    }
  },
}
