// For Electron's main process, which has Steam's client.

import type { TicketSource } from '@ticketgate/core/client'
import { createTicketDesk, type TicketDesk, type TicketDeskOptions } from './bridge/ticket-desk.ts'
import { channel, type InvokeEventLike, type IpcMainLike, type WebContentsLike } from './electron/electron.ts'
import { objectionTo, readOrigins } from './electron/origins.ts'

export type { TicketDeskOptions } from './bridge/ticket-desk.ts'
export type { InvokeEventLike, IpcMainLike, WebContentsLike, WebFrameLike } from './electron/electron.ts'

/** What may be set on the tickets of pages. Only `allowedOrigins` is required; `maxTickets` counts for each page. */
export interface PageTicketsOptions extends TicketDeskOptions {
  /** Who may ask: origins such as `app://game` or `https://play.example`; `file://` is every file of the machine. */
  readonly allowedOrigins: readonly string[]
  /** Told of everybody who asked and may not, and why. For a log. */
  readonly onRefused?: (event: { readonly url: string | undefined; readonly reason: string }) => void
}

/** Tickets for pages, until it is closed. */
export interface PageTickets {
  /** Tickets of all pages that are open or asked for. */
  readonly openTickets: number
  /** Stops answering and cancels the tickets of all pages. */
  close(): void
}

/**
 * Lets pages of this application get and cancel tickets, and nothing else. A page must be the top frame of its window and
 * of an allowed origin; its tickets are cancelled when it navigates, crashes or is closed.
 *
 * @param ipcMain Electron's.
 * @throws TypeError, RangeError for options that make no sense.
 */
export function serveTicketsToPages(
  ipcMain: IpcMainLike,
  source: TicketSource,
  options: PageTicketsOptions,
): PageTickets {
  if (typeof ipcMain?.handle !== 'function') throw new TypeError('"ipcMain" must be that of Electron')
  if (typeof options !== 'object' || options === null) throw new TypeError('"options" must be an object')
  const { allowedOrigins, onRefused, ...deskOptions } = options
  const allowed = readOrigins(allowedOrigins)
  if (onRefused !== undefined && typeof onRefused !== 'function') {
    throw new TypeError(`"onRefused" must be a function, got ${typeof onRefused}`)
  }
  // Options that make no sense are found now, not at the first question.
  createTicketDesk(source, deskOptions).close()
  const desks = new Map<WebContentsLike, { readonly desk: TicketDesk; readonly close: () => void }>()

  function deskOf(page: WebContentsLike): TicketDesk {
    const known = desks.get(page)
    if (known !== undefined) return known.desk
    const desk = createTicketDesk(source, deskOptions)
    const close = (): void => {
      desks.delete(page)
      page.removeListener('destroyed', close)
      page.removeListener('render-process-gone', close)
      page.removeListener('did-navigate', close)
      desk.close()
    }
    page.on('destroyed', close)
    page.on('render-process-gone', close)
    page.on('did-navigate', close)
    desks.set(page, { desk, close })
    return desk
  }

  ipcMain.handle(channel, async function answerPage({ sender, senderFrame }: InvokeEventLike, question: unknown) {
    const reason = objectionTo(senderFrame, allowed)
    if (reason === undefined) return await deskOf(sender).answer(question)
    try {
      onRefused?.({ url: senderFrame?.url, reason })
    } catch {
      // Electron would tell the page what the application says.
    }
    return { ok: false, message: 'this page may not ask for tickets' }
  })

  return {
    get openTickets() {
      return [...desks.values()].reduce((sum, { desk }) => sum + desk.openTickets, 0)
    },
    close() {
      ipcMain.removeHandler(channel)
      for (const { close } of [...desks.values()]) close()
    },
  }
}
