import type { LoadReport, LoadRequest } from './load.ts'
import { loadCore, serverCore, startRole } from './roles.ts'

const heldServer = new URL('held-server.ts', import.meta.url).href

/**
 * Ways in that are held against each other: bare and guarded at the upgrade, and the same in band, where `ws` keeps
 * more of a connection that has received a message than of one that has not.
 */
export type Door = 'bare' | 'upgrade' | 'bare in band' | 'message'

const loads: Readonly<Record<Door, Pick<LoadRequest, 'ticketIn' | 'messages'>>> = {
  bare: { ticketIn: 'header', messages: 0 },
  upgrade: { ticketIn: 'header', messages: 1 },
  'bare in band': { ticketIn: 'message', messages: 2 },
  message: { ticketIn: 'message', messages: 2 },
}

/**
 * Bytes of heap that an open connection holds, in a server of its own. Repeats within a few per cent.
 *
 * @param warmUps How often as many connections come and go beforehand; with few, code that is still being
 * compiled counts for up to 200 bytes a connection.
 */
export async function measureConnectionBytes(door: Door, connections: number, warmUps = 4): Promise<number> {
  const server = startRole({ name: door.startsWith('bare') ? door : 'guarded', url: heldServer, core: serverCore })
  const load = startRole({ name: 'load', url: new URL('load.ts', import.meta.url).href, core: loadCore })
  try {
    const port = await server.ask<number>('listen')
    const request = { port, inFlight: 64, ...loads[door] } satisfies Partial<LoadRequest>
    // Tables grow and code is compiled once; neither belongs to a connection.
    for (let round = 0; round < warmUps; round++) await load.ask<LoadReport>('run', { ...request, count: connections })
    // What the limits remember is let go after a second.
    await new Promise((resolve) => setTimeout(resolve, 1_200))
    const before = await server.ask<number>('heapUsed')
    const report = await load.ask<LoadReport>('run', { ...request, count: connections, hold: true })
    if (report.opened !== connections) throw new Error(`${report.opened} of ${connections} connections opened`)
    await new Promise((resolve) => setTimeout(resolve, 1_200))
    const after = await server.ask<number>('heapUsed')
    await load.ask('release')
    return (after - before) / connections
  } finally {
    await Promise.all([load.end(), server.end()])
  }
}

/** Bytes of heap an entry takes: sessions of an `Authentication`, admissions of a gate, used tickets in a store. */
export async function measureEntryBytes(what: 'authentication' | 'gate' | 'store', count: number): Promise<number> {
  const process = startRole({ name: what, url: heldServer, core: serverCore })
  try {
    await process.ask('fill', { what, count: 1_000 })
    const before = await process.ask<number>('heapUsed')
    await process.ask('fill', { what, count })
    const after = await process.ask<number>('heapUsed')
    return (after - before) / count
  } finally {
    await process.end()
  }
}
