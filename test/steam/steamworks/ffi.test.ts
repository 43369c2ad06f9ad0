import assert from 'node:assert/strict'
import {
  createSteamworksTicketSource,
  type SteamworksFfiAnswer,
  type SteamworksFfiClient,
} from '@ticketgate/steam/steamworks'
import { VirtualClock } from '../../fixtures/virtual-clock.ts'
import { wanted } from './fake-steamworks.ts'

const { signal } = new AbortController()

/** What steamworks-ffi-node answers: values that tell of success, and 0 for no ticket. */
class FakeFfi implements SteamworksFfiClient {
  readonly calls: unknown[][] = []
  failure: SteamworksFfiAnswer | undefined
  initialized = true
  #handle = 6

  readonly user = {
    getAuthSessionTicket: (identity?: { steamId?: string }): SteamworksFfiAnswer => {
      this.calls.push(['session', identity])
      return this.#answer()
    },
    getAuthTicketForWebApi: async (identity?: { genericString?: string }): Promise<SteamworksFfiAnswer> => {
      this.calls.push(['webapi', identity])
      return this.#answer()
    },
    cancelAuthTicket: (authTicket: number): void => {
      this.calls.push(['cancel', authTicket])
    },
  }

  #answer(): SteamworksFfiAnswer {
    if (this.failure) return this.failure
    this.#handle += 1
    return { success: true, authTicket: this.#handle, ticketData: new Uint8Array([20, 0, 0, this.#handle]) }
  }

  getStatus(): { initialized: boolean; appId: number } {
    return { initialized: this.initialized, appId: 480 }
  }
}

describe('createSteamworksTicketSource over steamworks-ffi-node', () => {
  function create(ffi: FakeFfi) {
    return createSteamworksTicketSource(ffi, { clock: new VirtualClock() })
  }

  it('binds each kind to whom it is for, and cancels by the handle', async () => {
    const ffi = new FakeFfi()
    const source = create(ffi)
    assert.deepEqual([...source.appIds], [480])
    for (const kind of ['webapi', 'session'] as const) {
      const ticket = await source.getTicket(wanted(kind), signal)
      assert.ok(ticket.data.length === 4)
      ticket.cancel()
    }
    assert.deepEqual(ffi.calls, [
      ['webapi', { genericString: 'my-game' }],
      ['cancel', 7],
      ['session', { steamId: '90071992547409921' }],
      ['cancel', 8],
    ])
  })

  it('leaves tickets unbound when the server names nobody', async () => {
    const ffi = new FakeFfi()
    const source = create(ffi)
    const { serverSteamId: _, ...anybody } = wanted('session')
    await source.getTicket(anybody, signal)
    await source.getTicket(wanted('webapi', { identity: '' }), signal)
    assert.deepEqual(ffi.calls, [
      ['session', undefined],
      ['webapi', undefined],
    ])
    source.cancelAll()
  })

  it('keeps the reason it gives for having no ticket', async () => {
    const ffi = new FakeFfi()
    ffi.failure = { success: false, authTicket: 0, ticketData: new Uint8Array(0), error: 'EResult 3' }
    const source = create(ffi)
    await assert.rejects(source.getTicket(wanted('webapi'), signal), {
      code: 'ERR_TICKET_REQUEST',
      message: /EResult 3/,
    })
    const { error: _, ...silent } = ffi.failure
    ffi.failure = silent
    await assert.rejects(source.getTicket(wanted('session'), signal), { code: 'ERR_TICKET_REQUEST' })
    assert.equal(source.openTickets, 0)
  })

  it('throws a TypeError when it is not initialized', () => {
    const ffi = new FakeFfi()
    ffi.initialized = false
    assert.throws(() => create(ffi), { name: 'TypeError', message: /"client"/ })
  })
})
