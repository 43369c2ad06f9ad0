import assert from 'node:assert/strict'
import { hasLostPeer } from '@ticketgate/core'

describe('hasLostPeer', () => {
  const cases: [string, Parameters<typeof hasLostPeer>[0], boolean][] = [
    ['a connection over TCP', { remoteAddress: '192.0.2.1', localAddress: '192.0.2.2', destroyed: false }, false],
    ['one that was reset, which has forgotten the other end', { localAddress: '192.0.2.2', destroyed: false }, true],
    ['one that was destroyed, which has forgotten both', { destroyed: true }, true],
    ['a pipe, which has no addresses', { destroyed: false }, false],
    ['a stream that is no socket', {}, false],
    ['a destroyed one whose address is known all the same', { remoteAddress: '192.0.2.1', destroyed: true }, false],
    ['none at all', undefined, false],
  ]
  for (const [name, socket, lost] of cases) {
    it(`answers ${lost} for ${name}`, () => assert.equal(hasLostPeer(socket), lost))
  }
})
