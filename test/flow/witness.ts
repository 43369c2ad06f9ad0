// Runs the whole demo as a program of its own, at the most verbose level, and writes down everything it can
// lay hands on: log lines and events, and, apart from those, what none of them may contain.
//
//   node test/flow/witness.ts <file>

import { writeFileSync } from 'node:fs'
import { inspect } from 'node:util'
import type { LogMethod } from '@ticketgate/core'
import type { LoggedRequest } from '@ticketgate/simulator'
import type { Arena } from '../../packages/cli/src/demo/arena.ts'
import { runDemo } from '../../packages/cli/src/demo/run-demo.ts'
import { createPaint } from '../../packages/cli/src/io.ts'

/** What the program leaves behind. */
export interface Testimony {
  readonly isAsExpected: boolean
  /** Every log call and every event, whole, as text. */
  readonly seen: readonly string[]
  readonly logLines: number
  readonly events: Readonly<Record<string, number>>
  readonly key: string
  /** Every ticket that was made, in hex. */
  readonly tickets: readonly string[]
  readonly requests: readonly LoggedRequest[]
}

const gateEvents = [
  'admitted',
  'away',
  'back',
  'refused',
  'left',
  'ended',
  'revoked',
  'renewalRequested',
  'renewed',
  'backendUnavailable',
  'backendRecovered',
  'warning',
] as const
const authenticationEvents = [
  'ticketIssued',
  'ticketCanceled',
  'sessionBegun',
  'sessionEnded',
  'strayVerdict',
  'backendUnavailable',
  'backendRecovered',
  'warning',
] as const

const seen: string[] = []
const events: Record<string, number> = {}
let logLines = 0
let arena: Pick<Arena, 'webApi'> | undefined
const tickets = new Set<string>()

/** In every form in which somebody may write it down. */
function see(where: string, value: unknown) {
  seen.push(`${where} ${inspect(value, { depth: 10, maxArrayLength: null, maxStringLength: null, showHidden: true })}`)
  try {
    seen.push(`${where} ${JSON.stringify(value)}`)
  } catch (error) {
    // Circular, as an object with a socket in it may be. Errors of JSON.stringify name properties, so they count too.
    seen.push(`${where} ${String(error)}`)
  }
}

const log =
  (level: string): LogMethod =>
  (fields, message) => {
    logLines += 1
    see(`log ${level} ${message}`, fields)
    // A program's own formatter may print stacks and causes.
    if (fields.err instanceof Error) see('err', [fields.err.stack, fields.err.cause, String(fields.err)])
  }

function watch({ gate, guard, webApi }: Arena) {
  arena = { webApi }
  const count = (name: string, value: unknown): void => {
    events[name] = (events[name] ?? 0) + 1
    see(`event ${name}`, value)
  }
  // What a game's own request log would hold.
  guard.on('connection', (_socket, { url, headers, rawHeaders }, admission) => {
    see('connection', { url, headers, rawHeaders, admission })
  })
  for (const name of gateEvents) gate.on(name, (value) => count(`gate.${name}`, value))
  for (const name of authenticationEvents) {
    gate.authentication.on(name, (value) => count(`authentication.${name}`, value))
  }
}

process.on('warning', (warning) => see('process warning', warning))

const { isAsExpected } = await runDemo({
  out: process.stdout,
  paint: createPaint(process.stdout),
  width: 120,
  logger: { trace: log('trace'), debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
  dangerouslyLogSecrets: true,
  onTicketMade: (ticket) => tickets.add(Buffer.from(ticket).toString('hex')),
  onOpened: watch,
})

const { key, requests } = arena!.webApi
const testimony: Testimony = { isAsExpected, seen, logLines, events, key, tickets: [...tickets], requests }
writeFileSync(process.argv[2] ?? '', JSON.stringify(testimony))
