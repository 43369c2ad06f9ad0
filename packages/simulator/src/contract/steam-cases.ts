import assert from 'node:assert/strict'
import { isBackendError, isCode } from '@ticketgate/core'
import { begin, collect, decide, end, verifying } from './decide.ts'
import type { BackendSubject, ContractTicket } from './subject.ts'

type Check = (subject: BackendSubject) => Promise<void>

// A backend may need some failures before it believes that Steam is away.
const patience = 50

/** Steam away and back, and the end of the backend itself. */
export const steamCases: Readonly<Record<string, Check>> = {
  async 'throws a coded BackendError without a ticket byte while Steam cannot be asked'(subject) {
    const ticket = await subject.createTicket('good')
    await subject.breakSteam()
    const error = await begin(subject, ticket).then(
      () => assert.fail('the begin succeeded'),
      (reason: unknown) => reason,
    )
    assert.ok(isBackendError(error), String(error))
    assert.ok(isCode(error.refusalCode))
    const hex = Buffer.from(ticket.data).toString('hex').slice(0, 32)
    assert.ok(!`${error.message} ${error.stack}`.toLowerCase().includes(hex))
    assert.equal(subject.open(), 0)
  },

  async 'reports Steam away once and back once, and works again'(subject) {
    const { backend } = subject
    const changes = collect(backend, (event) =>
      event.type === 'unavailable' || event.type === 'recovered' ? event.type : undefined,
    )
    await subject.breakSteam()
    await tryUntil(subject, () => !backend.available)
    assert.deepEqual(changes.found, ['unavailable'])
    await subject.mendSteam()
    await tryUntil(subject, () => backend.available)
    assert.deepEqual(changes.found, ['unavailable', 'recovered'])
    changes.stop()
    const ticket = await subject.createTicket('good')
    const { verdict } = await decide(subject, ticket)
    assert.equal(verdict?.response, 0)
    end(subject, ticket)
  },

  async 'tells a listener that was removed nothing more'(subject) {
    const events = collect(subject.backend, (event) => event)
    events.stop()
    events.stop()
    await subject.breakSteam()
    await tryUntil(subject, () => !subject.backend.available)
    assert.deepEqual(events.found, [])
  },

  async 'closes as often as it is told to, and begins nothing afterwards'(subject) {
    const { backend } = subject
    const ticket = await subject.createTicket('good')
    await Promise.all([backend.close(), backend.close()])
    await backend.close()
    const before = subject.asked()
    await assert.rejects(begin(subject, ticket))
    assert.equal(subject.asked(), before)
    verifying(backend).endAuthSession(ticket.steamId)
  },

  async 'ends a begin under way when it closes'(subject) {
    const ticket = await subject.createTicket('good')
    await subject.holdAnswers()
    const pending = begin(subject, ticket)
    const rejected = assert.rejects(pending)
    await subject.backend.close()
    await rejected
  },
}

/** Begins until something holds. */
async function tryUntil(subject: BackendSubject, holds: () => boolean): Promise<void> {
  for (let count = 0; count < patience && !holds(); count++) {
    const ticket: ContractTicket = await subject.createTicket('good')
    await begin(subject, ticket).then(
      (answer) => {
        if (answer.type === 'begun') end(subject, ticket)
      },
      (error: unknown) => assert.ok(isBackendError(error), String(error)),
    )
  }
  assert.ok(holds(), `not within ${patience} begins`)
}
