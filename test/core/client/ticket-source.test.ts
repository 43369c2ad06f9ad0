import assert from 'node:assert/strict'
import { createTicketSource, type TicketIssuer, textToBase64Url, toBase64Url } from '@ticketgate/core/client'
import fc from 'fast-check'
import sinon from 'sinon'

describe('createTicketSource', () => {
  function issuer() {
    const ticket = { data: new Uint8Array([1]), cancel() {} }
    return {
      backend: { issues: ['webapi', 'session', 'encrypted'], appIds: [480] },
      getAuthSessionTicket: sinon.fake.resolves(ticket),
      getAuthTicketForWebApi: sinon.fake.resolves(ticket),
    }
  }

  it('serves the kinds of the backend that it can ask for', () => {
    const source = createTicketSource(issuer() as unknown as TicketIssuer)
    assert.deepEqual(source.kinds, ['webapi', 'session'])
    assert.deepEqual(source.appIds, [480])
  })

  it('binds a webapi ticket to the identity and a session ticket to the server', async () => {
    const authentication = issuer()
    const source = createTicketSource(authentication as unknown as TicketIssuer)
    const { signal } = new AbortController()
    const request = { appId: 480, identity: 'my-game', serverSteamId: '90071992547409920' }
    await source.getTicket({ kind: 'webapi', ...request }, signal)
    await source.getTicket({ kind: 'session', ...request }, signal)
    assert.deepEqual(authentication.getAuthTicketForWebApi.args, [['my-game', { signal }]])
    assert.deepEqual(authentication.getAuthSessionTicket.args, [['90071992547409920', { signal }]])
  })
})

describe('toBase64Url', () => {
  it('writes what Node writes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        assert.equal(toBase64Url(bytes), Buffer.from(bytes).toString('base64url'))
      }),
    )
    assert.equal(textToBase64Url('a€'), Buffer.from('a€').toString('base64url'))
  })
})
