import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type AppId, type SteamId, TicketgateError } from '@ticketgate/core'
import type { SimulatedAccount } from '../account.ts'
import { type Ledger, sumLedgers } from '../game-server/ledger.ts'
import { compileSteamClient } from './compile.ts'
import { createJournal, type Journal } from './journal.ts'
import { toAttachedEntry } from './journal-entries.ts'
import { type AttachedClient, createAttachedClient, type NativeClient } from './native-client.ts'
import { type AttachedServer, createAttachedServer, type NativeGameServer } from './native-game-server.ts'
import type { NativeHost } from './native-host.ts'
import {
  type CheckedNativeOptions,
  defaultNativeClientFaults,
  defaultNativeServerFaults,
  type NativeClientFaults,
  type NativeServerFaults,
} from './options.ts'
import { makeOwnFolder } from './own-folder.ts'
import { isProcessAlive } from './process-life.ts'

/**
 * The native half of a simulated Steam: a `steamclient.so` below Valve's own libsteam_api, for unmodified
 * steamworks.js clients and native game servers, in the same world as everything else of this Steam.
 */
export interface NativeSteam {
  readonly folder: string
  /** Absolute path of `steamclient.so`: to be loaded before libsteam_api by a process that does not set HOME. */
  readonly steamClientPath: string
  /** HOME for processes with a Steam client: the library is at `.steam/sdk64/steamclient.so` in it. */
  readonly home: string
  /** What all sides write; {@link readJournal} reads it. */
  readonly journalPath: string
  /** Lines that were nobody's: no JSON, too long, or not as they must be. */
  readonly malformedLines: number
  /**
   * Variables for a process that runs on this Steam, to be merged over its own.
   *
   * @param account Who is logged in there; for game servers none is needed.
   * @throws TypeError for an account of another Steam.
   */
  environment(account?: SimulatedAccount): Record<string, string>
  /** Game servers that have attached, oldest first; those that ended too. */
  readonly servers: readonly NativeGameServer[]
  /** Clients that are attached, oldest first. */
  readonly clients: readonly NativeClient[]
  /** Resolves with the next game server that attaches; keeps the process alive until then. */
  nextServer(signal?: AbortSignal): Promise<NativeGameServer>
  /** What servers that attach later start out with. */
  readonly serverFaults: NativeServerFaults
  /** What clients that attach later start out with. */
  readonly clientFaults: NativeClientFaults
  /** The sessions of all its game servers, those that ended too. */
  readonly ledger: Ledger
  /** Leaves attached servers without Steam (callback 103) and removes the folder it made. Idempotent. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

// A process that is gone is noticed within a quarter of a second, the journal's own events failing too.
const lookIntervalMs = 200

/**
 * Opens the native half.
 *
 * @throws TicketgateError `ERR_STEAM_LIBRARY` where no compiler works; the system's error for the folder.
 */
export async function openNative(
  options: CheckedNativeOptions,
  steam: Omit<NativeHost, 'journal' | 'serverAddress' | 'acceptUsedTickets' | 'ticketLimit'> & {
    readonly appIds: readonly AppId[]
  },
): Promise<NativeSteam> {
  const { world, mint, appIds } = steam
  const library = await compileSteamClient(options)
  const folder = options.folder === undefined ? makeOwnFolder() : resolve(options.folder)
  const home = join(folder, 'home')
  const steamClientPath = join(home, '.steam/sdk64/steamclient.so')
  const journalPath = join(folder, 'journal.jsonl')
  mkdirSync(join(home, '.steam/sdk64'), { recursive: true })
  // A story begins with an empty journal.
  rmSync(journalPath, { force: true })
  rmSync(steamClientPath, { force: true })
  symlinkSync(library, steamClientPath)

  const servers: AttachedServer[] = []
  const attached = new Map<string, AttachedServer | AttachedClient>()
  const waiting = new Set<(server: NativeGameServer) => void>()
  const closers = new Set<() => void>()
  const serverFaults = { ...defaultNativeServerFaults }
  const clientFaults = { ...defaultNativeClientFaults }
  let malformedLines = 0
  let closing = false

  const journal: Journal = createJournal(journalPath, receive)
  const { serverAddress, acceptUsedTickets, ticketLimit } = options
  const host: NativeHost = { ...steam, journal, serverAddress, acceptUsedTickets, ticketLimit }

  // --- what it tells everybody ---

  journal.append({ type: 'opened', nowMs: steam.clock.now(), machineMs: Date.now() })
  for (const operation of world.snapshot()) journal.append({ type: 'world', operation })
  const unsubscribe = [
    mint.subscribeSigned((digest) => journal.append({ type: 'signed', digest })),
    world.subscribe((operation) => {
      journal.append({ type: 'world', operation })
      if (operation.type === 'license-granted' || operation.type === 'license-lost') renewOwnership(operation.steamId)
    }),
  ]

  function tellOwnership(steamId: SteamId, appId: AppId): void {
    const { ownership, signature } = mint.signedHalf(steamId, appId)
    journal.append({ type: 'ownership', steamId, appId, data: Buffer.concat([ownership, signature]).toString('hex') })
  }

  /** Which DLC are owned stands in the signed half, and a lender's are the borrower's too. */
  function renewOwnership(changed: SteamId): void {
    for (const { steamId, appId } of clients()) {
      const borrowsFrom = world.accounts.get(steamId)?.facts.borrowsFrom
      if ((steamId === changed || borrowsFrom === changed) && world.knownAppIds.has(appId))
        tellOwnership(steamId, appId)
    }
  }

  // --- what it hears ---

  function receive(value: object): void {
    const entry = toAttachedEntry(value)
    if (!entry) {
      if ('from' in value) malformedLines += 1
      return
    }
    if (entry.type === 'server-attached') {
      if (attached.has(entry.from)) return
      const label = `native-server-${servers.length + 1}`
      const server = createAttachedServer(entry, { label, faults: serverFaults }, host)
      servers.push(server)
      attached.set(entry.from, server)
      for (const resolveServer of [...waiting]) resolveServer(server)
    } else if (entry.type === 'client-attached') {
      if (attached.has(entry.from)) return
      const client = createAttachedClient(entry, { ...clientFaults }, host)
      attached.set(entry.from, client)
      if (world.accounts.has(client.steamId) && world.knownAppIds.has(client.appId)) {
        tellOwnership(client.steamId, client.appId)
      }
    } else if (entry.type === 'detached') {
      attached.get(entry.from)?.end('detached')
      attached.delete(entry.from)
    } else {
      attached.get(entry.from)?.receive(entry)
    }
  }

  function clients(): AttachedClient[] {
    return [...attached.values()].filter((user): user is AttachedClient => !('ledger' in user))
  }

  function lookAround(): void {
    journal.read()
    for (const [id, user] of attached) {
      if (isProcessAlive(user.pid, user.processStart)) continue
      // What it wrote last is read before its end is declared.
      journal.read()
      if (!attached.delete(id)) continue
      const { openSessions, openTickets } = user.end('process-ended')
      journal.append({ type: 'process-ended', of: id, pid: user.pid, openSessions, openTickets })
    }
  }

  const looking = setInterval(lookAround, lookIntervalMs)
  looking.unref()

  // --- what it offers ---

  function nextServer(signal?: AbortSignal): Promise<NativeGameServer> {
    return new Promise((resolveServer, reject) => {
      if (closing) throw closedError()
      signal?.throwIfAborted()
      const settle = () => {
        waiting.delete(onServer)
        closers.delete(onClose)
        signal?.removeEventListener('abort', onAbort)
        if (waiting.size === 0) looking.unref()
      }
      const onServer = (server: NativeGameServer) => {
        settle()
        resolveServer(server)
      }
      const onAbort = () => {
        settle()
        reject(signal?.reason)
      }
      const onClose = () => {
        settle()
        reject(closedError())
      }
      waiting.add(onServer)
      closers.add(onClose)
      signal?.addEventListener('abort', onAbort, { once: true })
      looking.ref()
    })
  }
  function closedError(): TicketgateError {
    return new TicketgateError('ERR_CLOSED', 'The native Steam was closed')
  }

  async function close(): Promise<void> {
    if (closing) return
    closing = true
    journal.read()
    clearInterval(looking)
    for (const onClose of [...closers]) onClose()
    for (const end of unsubscribe) end()
    for (const user of attached.values()) {
      if ('ledger' in user) user.disconnect()
      user.end('detached')
    }
    attached.clear()
    journal.append({ type: 'closed' })
    journal.close()
    if (options.folder === undefined) rmSync(folder, { recursive: true, force: true })
  }

  return {
    folder,
    steamClientPath,
    home,
    journalPath,
    get malformedLines() {
      return malformedLines + journal.malformedLines
    },
    environment(account) {
      const variables = { HOME: home, TICKETGATE_SIMULATED_STEAM: folder }
      if (!account) return variables
      if (!world.accounts.has(account.steamId)) {
        throw new TypeError('"account" must be an account of this simulated Steam')
      }
      // Before the process starts, so that its first ticket need not wait for us.
      for (const appId of appIds) tellOwnership(account.steamId, appId)
      return { ...variables, TICKETGATE_SIMULATED_ACCOUNT: account.steamId }
    },
    get servers() {
      return [...servers]
    },
    get clients() {
      return clients()
    },
    nextServer,
    serverFaults,
    clientFaults,
    ledger: sumLedgers(() => servers.map(({ ledger }) => ledger)),
    close,
    [Symbol.asyncDispose]: close,
  }
}
