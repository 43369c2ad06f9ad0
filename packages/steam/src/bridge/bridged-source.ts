import { TicketgateError } from '@ticketgate/core'
import type { ClientTicket, TicketRequest, TicketSource } from '@ticketgate/core/client'
import { type BridgeQuestion, readKindsAnswer, readTicketAnswer } from './messages.ts'

/** Carries a question to the half that has Steam, and brings its answer. */
export type Ask = (question: BridgeQuestion) => Promise<unknown>

/**
 * A ticket source whose tickets are made elsewhere: by whoever answers `ask`. Browser-safe.
 *
 * @throws TypeError when `ask` is no function. Rejects with `ERR_TICKET_REQUEST` when nobody answers.
 */
export async function createBridgedTicketSource(ask: Ask): Promise<TicketSource> {
  if (typeof ask !== 'function') throw new TypeError(`"ask" must be a function, got ${typeof ask}`)
  const { kinds, appIds } = await ours('Steam cannot be asked', async () =>
    readKindsAnswer(await ask({ ticketgate: 'kinds' })),
  )
  // Not from 1: a page that was reloaded must not meet the ids of the one before.
  let lastId = Math.floor(Math.random() * 0xffff_ffff) * 0x1000

  function cancel(id: number): void {
    // Nobody there any more: then nobody holds the ticket either.
    ask({ ticketgate: 'cancel', id }).catch(() => {})
  }

  async function getTicket(request: TicketRequest, signal: AbortSignal): Promise<ClientTicket> {
    signal.throwIfAborted()
    const { kind, appId, identity, serverSteamId } = request
    lastId += 1
    const id = lastId
    let abort: () => void
    const aborted = new Promise<never>((_, reject) => {
      abort = () => {
        cancel(id)
        reject(signal.reason)
      }
      signal.addEventListener('abort', abort, { once: true })
    })
    const answered = ours('there is no ticket', async () =>
      readTicketAnswer(
        await ask({
          ticketgate: 'get',
          id,
          request: { kind, appId, identity, ...(serverSteamId !== undefined && { serverSteamId }) },
        }),
      ),
    )
    try {
      const { data } = await Promise.race([answered, aborted])
      signal.throwIfAborted()
      let isOpen = true
      return {
        data,
        cancel() {
          if (isOpen) cancel(id)
          isOpen = false
        },
      }
    } finally {
      signal.removeEventListener('abort', abort!)
    }
  }

  return { kinds, ...(appIds && { appIds }), getTicket }
}

async function ours<Value>(what: string, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work()
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'no reason was given'
    throw new TicketgateError('ERR_TICKET_REQUEST', `${what}: ${reason}`, { cause: error })
  }
}
