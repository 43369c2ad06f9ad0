import type { Logger } from '@ticketgate/core'
import { inspectTicket } from '@ticketgate/steam'
import { describeTicket } from '../inspect/report.ts'
import type { OutputStream, Paint } from '../io.ts'
import { type Arena, openArena } from './arena.ts'
import { exampleTicketHex } from './example-ticket.ts'
import { play } from './play.ts'
import { checkBooks, writeSummary } from './summary.ts'
import { createTableWriter } from './table.ts'

/** How to run the demo. */
export interface DemoSettings {
  readonly out: OutputStream
  readonly paint: Paint
  /** Columns. */
  readonly width: number
  /** Of the game server. @default 0, any free one */
  readonly port?: number
  readonly logger?: Logger
  /** Keeps whole requests to Steam; for the test that looks for leaks. @default false */
  readonly dangerouslyLogSecrets?: boolean
  /** Hears the bytes of every ticket that a player gets; for the same test. */
  readonly onTicketMade?: (ticket: Uint8Array) => void
  /** Called with the arena before anybody plays in it. */
  readonly onOpened?: (arena: Arena) => void
}

/** Runs the whole demo and prints it as it goes. */
export async function runDemo(settings: DemoSettings): Promise<{ readonly isAsExpected: boolean }> {
  const { out, paint, width, onOpened, port, logger, dangerouslyLogSecrets, onTicketMade } = settings
  const isExampleRight = showExample(settings)

  const arena = await openArena({
    ...(port !== undefined && { port }),
    ...(logger && { logger }),
    ...(dangerouslyLogSecrets !== undefined && { dangerouslyLogSecrets }),
    ...(onTicketMade && { onTicketMade }),
  })
  try {
    onOpened?.(arena)
    out.write(
      `\n${paint('bold', 'A game server behind a gate')}, asking simulated Steam over HTTP: players with real tickets come and go.\n\n`,
    )
    const table = createTableWriter(paint, width)
    // A line that is about to be replaced needs a terminal to be replaced on.
    const isLive = out.isTTY === true
    out.write(table.head())
    const rows = await play(arena, {
      began: (row) => isLive && out.write(table.pending(row)),
      done: (row) => out.write((isLive ? '\r\u001b[2K' : '') + table.row(row)),
    })
    await arena.close()
    const claims = checkBooks(arena)
    out.write(writeSummary(rows, claims, { paint, width }))
    const command = process.env.npm_lifecycle_event === 'start' ? 'npm start -- --serve' : 'ticketgate demo --serve'
    out.write(paint('dim', `\nTo join yourself, in a browser: ${command}\n`))
    const isAsExpected = rows.every(({ came, expected }) => came === expected) && claims.every(({ isTrue }) => isTrue)
    return { isAsExpected: isAsExpected && isExampleRight }
  } finally {
    await arena.close()
  }
}

/** A ticket that Steam once signed, held against Steam's own key. */
function showExample({ out, paint, width }: DemoSettings): boolean {
  const ticket = inspectTicket(exampleTicketHex)
  const [problem, ...others] = ticket.problems
  const isRight = ticket.signature === 'valid' && problem?.code === 'expired' && others.length === 0
  out.write(
    `${paint('bold', "A genuine ticket, held against Steam's own key")} (published by its owner as an example, long expired)\n\n` +
      `${describeTicket(ticket, { paint, width, signer: 'Steam', nowMs: Date.now() })}\n` +
      (isRight ? '' : `${paint('red', 'NOT AS EXPECTED: it must be signed by Steam and expired.')}\n`),
  )
  return isRight
}
