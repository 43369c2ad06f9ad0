import assert from 'node:assert/strict'
import { encodeMessage, isAppId, isTicketKind, parseClientMessage, parseServerMessage } from '@ticketgate/core'
import fc from 'fast-check'
import { mutatedMessage } from './mutated-message.ts'

const numRuns = Math.max(50_000, Number(process.env.FUZZ_RUNS ?? 0))

describe('the protocol parser', () => {
  it('answers any client message with one it writes back the same, or a refusal', () => {
    const refusals = ['protocol-error', 'ticket-missing', 'message-too-large']
    fc.assert(
      fc.property(mutatedMessage, (data) => {
        const parsed = parseClientMessage(data, 4096)
        if (parsed.ok) {
          const { kind, appId, data: ticket } = parsed.message
          assert.ok(isTicketKind(kind) || kind === 'pass')
          assert.ok(typeof ticket === 'string' && ticket !== '' && isAppId(appId))
          assert.deepEqual(parseClientMessage(encodeMessage(parsed.message), 8192), parsed)
        } else assert.ok(refusals.includes(parsed.code))
      }),
      { numRuns },
    )
  }).timeout(0)

  it('answers any server message with one it writes back the same, or a refusal', () => {
    const refusals = ['protocol-error', 'version-unsupported', 'message-too-large']
    fc.assert(
      fc.property(mutatedMessage, (data) => {
        const parsed = parseServerMessage(data, 4096)
        if (parsed.ok) assert.deepEqual(parseServerMessage(encodeMessage(parsed.message), 8192), parsed)
        else assert.ok(refusals.includes(parsed.code))
      }),
      { numRuns },
    )
  }).timeout(0)
})
