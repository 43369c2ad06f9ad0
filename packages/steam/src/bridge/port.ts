import type { TicketSource } from '@ticketgate/core/client'
import type { Ask } from './bridged-source.ts'
import { createTicketDesk, type TicketDesk, type TicketDeskOptions } from './ticket-desk.ts'

/** What a MessagePort of a browser or of Node has, as far as it is used. Frames: `{question, body}`, `{answer, body}`. */
export interface TicketPort {
  postMessage(message: unknown): void
  onmessage: ((event: { readonly data: unknown }) => void) | null
  /** Where there is a `close` event, the other side's end is noticed by itself. */
  addEventListener?(type: 'close', listener: () => void): void
}

/** Serves the one asker at the other end of a port. Close the desk when the asker is gone and the port does not say so. */
export function serveTicketPort(port: TicketPort, source: TicketSource, options?: TicketDeskOptions): TicketDesk {
  const desk = createTicketDesk(source, options)
  port.onmessage = ({ data }) => {
    const { question, body } = (data ?? {}) as { question?: unknown; body?: unknown }
    if (!Number.isSafeInteger(question)) return
    void desk.answer(body).then((answer) => {
      try {
        port.postMessage({ answer: question, body: answer })
      } catch {
        // The port is closed: nobody can cancel this asker's tickets any more.
        desk.close()
      }
    })
  }
  port.addEventListener?.('close', () => desk.close())
  return desk
}

/** The asking end of a port. */
export interface PortAsker {
  readonly ask: Ask
  /** Nothing will be answered any more: rejects what is waiting and what is asked later. */
  close(reason: Error): void
}

/** Asks over a port. */
export function askOverPort(port: TicketPort): PortAsker {
  const waiting = new Map<number, { resolve(answer: unknown): void; reject(reason: Error): void }>()
  let last = 0
  let closed: Error | undefined
  function close(reason: Error): void {
    closed ??= reason
    for (const { reject } of waiting.values()) reject(reason)
    waiting.clear()
  }
  port.onmessage = ({ data }) => {
    const { answer, body } = (data ?? {}) as { answer?: unknown; body?: unknown }
    const asked = waiting.get(answer as number)
    waiting.delete(answer as number)
    asked?.resolve(body)
  }
  port.addEventListener?.('close', () => close(new Error('the port was closed')))
  return {
    ask: (question) =>
      new Promise((resolve, reject) => {
        if (closed !== undefined) {
          reject(closed)
          return
        }
        last += 1
        waiting.set(last, { resolve, reject })
        port.postMessage({ question: last, body: question })
      }),
    close,
  }
}
