import type { Logger } from '@ticketgate/core'
import { exitCodes, type OutputStream, type Paint } from '../../io.ts'
import { untilSignal } from '../../signals.ts'
import { type Arena, openArena } from '../arena.ts'
import { createPlayground } from './playground.ts'
import { createRoutes, isSameOrigin } from './routes.ts'

/** How to serve the page. */
export interface ServeSettings {
  readonly out: OutputStream
  readonly paint: Paint
  /** 0 for any free one. */
  readonly port: number
  readonly logger?: Logger
}

/** A game server that stays up, and the page on which to join it. */
export interface ServedDemo {
  readonly arena: Arena
  /** Of the page. */
  readonly url: string
  close(): Promise<void>
}

/**
 * Starts it.
 *
 * @throws the system's error when it cannot listen.
 */
export async function openServedDemo({ port, logger }: { port: number; logger?: Logger }): Promise<ServedDemo> {
  const arena = await openArena({
    port,
    ...(logger && { logger }),
    isOriginAllowed: (origin, request) => origin === undefined || isSameOrigin(origin, request),
    onRequest: (request, response) => void routes(request, response),
  })
  // Requests that come in the meantime find the routes, because none is read before this function has returned.
  const playground = createPlayground(arena)
  const routes = createRoutes(playground)
  return {
    arena,
    url: `${arena.httpUrl}/`,
    async close() {
      playground.close()
      await arena.close()
    },
  }
}

/** `ticketgate demo --serve`: until a signal comes. */
export async function serveDemo({ out, paint, port, logger }: ServeSettings): Promise<number> {
  const ended = untilSignal()
  let demo: ServedDemo
  try {
    demo = await openServedDemo({ port, ...(logger && { logger }) })
  } catch (error) {
    ended.cancel()
    throw error
  }
  out.write(
    `${paint('bold', 'A game server behind a gate')}, with simulated Steam. Join it in a browser:\n\n` +
      `  ${paint(['cyan', 'underline'], demo.url)}\n\n` +
      'Open it in two tabs to see what a second login does. Ctrl+C ends it.\n',
  )
  await ended.signal
  await demo.close()
  const { admitted, begun, ended: over } = demo.arena.ledger
  out.write(`\nThe server has closed: ${admitted} admissions, ${begun} auth sessions begun, ${over} ended.\n`)
  return exitCodes.fine
}
