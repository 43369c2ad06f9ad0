// The process that runs steamworks.js and nothing else. Its output goes nowhere, and a panic ends only it.

import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { serveTicketPort, type TicketPort } from '../bridge/port.ts'
import type { SteamworksClient } from '../steamworks/clients.ts'
import { createSteamworksTicketSource } from '../steamworks/ticket-source.ts'
import type { StartedMessage, StartMessage } from './messages.ts'

// Ctrl+C reaches every process of the terminal. This one ends when the game does, or nobody cancels the tickets.
process.on('SIGINT', () => {})
// By these it would end without cancelling; they may reach it alone.
for (const signal of ['SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(0))
process.once('disconnect', () => process.exit(0))
process.once('message', (start: StartMessage) => {
  watchParent(start.parent)
  const started = run(start)
  process.send?.(started, () => {
    if (!started.started) process.exit(1)
  })
})

/** For a library that hangs. Without a thread to spare it can only be ended by the game. */
function watchParent(parent: number): void {
  const file = `./parent-watch.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`
  new Worker(new URL(file, import.meta.url), { workerData: { parent } }).on('error', () => {}).unref()
}

function run({ library, appId, options }: StartMessage): StartedMessage {
  let init: (appId: number) => SteamworksClient
  try {
    const require = createRequire(import.meta.url)
    const found = require(library.startsWith('file:') ? fileURLToPath(library) : library) as { init?: typeof init }
    if (typeof found.init !== 'function') throw new Error('it has no function "init"')
    init = found.init
  } catch (error) {
    return { started: false, code: 'ERR_STEAM_LIBRARY', message: `${library} cannot be loaded: ${textOf(error)}` }
  }
  try {
    const source = createSteamworksTicketSource(init(appId), options)
    serveTicketPort(toPort(), source, { maxTickets: options.maxTickets ?? 1_000 })
    return { started: true }
  } catch (error) {
    return { started: false, code: 'ERR_STEAM_INIT', message: `Steam's client was not reached: ${textOf(error)}` }
  }
}

/** The channel to the parent. Its end is the end of this process, whose exit cancels what is open. */
function toPort(): TicketPort {
  const port: TicketPort = { onmessage: null, postMessage: (message) => void process.send?.(message) }
  process.on('message', (data) => port.onmessage?.({ data }))
  return port
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
