import assert from 'node:assert/strict'
import { TicketgateError } from '@ticketgate/core'
import fc from 'fast-check'
import { pick, type Step, step } from './command.ts'

const index = fc.nat(7)

const request = fc.constant(
  step('getAuthSessionTicket()', ({ ticketCalls }, stage) => {
    if (ticketCalls.filter(({ outcome }) => outcome !== 'rejected').length < 60) stage.requestTicket()
  }),
)

const issue = index.map((at) =>
  step(`issue(${at})`, ({ ticketCalls }, stage) => {
    const call = pick(
      ticketCalls.filter((each) => each.issue.state === 'pending'),
      at,
    )
    if (call !== undefined) call.handle = stage.backend.issue(call.issue)
  }),
)

const refuse = index.map((at) =>
  step(`refuse(${at})`, (_, stage) => {
    pick(stage.backend.pendingTickets, at)?.fail(new TicketgateError('ERR_TICKET_REQUEST', 'Steam is offline'))
  }),
)

/** Of any call, those that have their ticket included: then nothing may happen. */
const abort = index.map((at) =>
  step(`abort(${at})`, ({ ticketCalls }, stage) => {
    const call = pick(ticketCalls, at)
    if (call === undefined) return
    if (call.issue.state === 'pending') call.isRefusalDue = true
    const before = stage.authentication.activeTickets.size
    call.controller.abort()
    if (call.outcome === 'issued') assert.equal(stage.authentication.activeTickets.size, before)
  }),
)

/** Of any ticket, those that are long cancelled included: then nobody else's may be. */
const cancel = fc.tuple(index, fc.constantFrom('cancel', 'cancelAuthTicket', 'dispose')).map(([at, method]) =>
  step(`${method}(${at})`, ({ ticketCalls }, stage) => {
    const ticket = pick(stage.tickets, at)
    if (ticket === undefined) return
    for (const call of ticketCalls) if (call.handle === ticket.handle) call.isCancelWanted = true
    const wasActive = !ticket.isCanceled
    const before = stage.backend.cancels.length
    if (method === 'cancel') ticket.cancel()
    else if (method === 'dispose') ticket[Symbol.dispose]()
    else assert.equal(stage.authentication.cancelAuthTicket(ticket), wasActive)
    assert.deepEqual(stage.backend.cancels.slice(before), wasActive ? [ticket.handle] : [])
    assert.equal(ticket.isCanceled, true)
  }),
)

const cancelAll = fc.constant(
  step('cancelAllTickets()', ({ ticketCalls }, stage) => {
    for (const call of ticketCalls) call.isCancelWanted = true
    stage.authentication.cancelAllTickets()
    assert.equal(stage.authentication.activeTickets.size, 0)
  }),
)

export const ticketSteps: readonly fc.Arbitrary<Step>[] = [
  request,
  request,
  request,
  issue,
  issue,
  refuse,
  abort,
  cancel,
  cancel,
  cancelAll,
]
