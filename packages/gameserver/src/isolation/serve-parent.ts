import { isDeepStrictEqual } from 'node:util'
import { type BackendEvent, type Logger, silentLogger } from '@ticketgate/core'
import type { GameServer } from '../game-server.ts'
import type { GameServerOptions } from '../options.ts'
import { toErrorRecord } from './error-record.ts'
import type { ForwardedEvents, FromChild, Snapshot, ToChild } from './protocol.ts'

/** How long the game server may take to close before this process ends all the same, in milliseconds. */
const leaveMs = 5_000
/** Between two looks at what changes without an event, in milliseconds. */
const reflectMs = 250

const forwarded = ['connected', 'disconnected', 'connectFailed', 'unknownCallback'] as const

/**
 * The child's side: one game server for the process that forked this one. It ends when told to, when it could not start,
 * and when that process is gone.
 *
 * @param create Makes the game server in this process.
 */
export function serveParent(create: (options: GameServerOptions) => Promise<GameServer>): void {
  let starting: Promise<GameServer | undefined> | undefined
  let server: GameServer | undefined
  let isLeaving = false

  const send = (message: FromChild): void => {
    // The callback keeps a parent that is gone from being an error of its own.
    if (process.connected) process.send?.(message, undefined, undefined, () => {})
  }

  async function start({ options, logs }: Extract<ToChild, { type: 'start' }>): Promise<GameServer | undefined> {
    try {
      const made = await create({ ...options, logger: logs ? createLogger(send) : silentLogger })
      connect(made, send)
      server = made
      send({ type: 'started' })
      return made
    } catch (error) {
      send({ type: 'startFailed', error: toErrorRecord(error) })
      void leave()
      return undefined
    }
  }

  async function leave(): Promise<void> {
    if (isLeaving) return
    isLeaving = true
    setTimeout(() => process.exit(1), leaveMs).unref()
    await (await starting)?.close().catch(() => {})
    send({ type: 'closed' })
    // What keeps this process alive now is the channel, which ends when everything was sent.
    if (process.connected) process.disconnect()
  }

  process.on('message', (message: ToChild) => {
    if (message.type === 'start') starting = start(message)
    else if (message.type === 'close') void leave()
    else if (message.type === 'ping') send({ type: 'pong' })
    else if (server !== undefined) serve(server, message, send)
  })
  process.once('disconnect', () => void leave())
  // A terminal and a service manager send these to the game and to this process alike. The game decides what they
  // mean, and ends its sessions before this process goes.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
}

type Send = (message: FromChild) => void

function serve(server: GameServer, message: ToChild, send: Send): void {
  switch (message.type) {
    case 'begin': {
      const { id, steamId, identity } = message
      // The parent has looked at the signature where that was wanted.
      const ticket = server.inspectTicket?.(message.ticket, { checkSignature: false })
      answer(id, () => server.beginAuthSession?.({ ticket: ticket!, steamId, identity }, undefined), send)
      break
    }
    case 'end':
      server.endAuthSession?.(message.steamId)
      break
    case 'license': {
      const { id, steamId, appId } = message
      answer(id, () => server.userHasLicenseForApp?.(steamId, appId), send)
      break
    }
    case 'issue': {
      const { id, kind, identity } = message
      answer(id, () => server.issueTicket?.({ kind, identity }), send)
      break
    }
    case 'cancel':
      server.cancelTicket?.(message.handle)
      break
  }
}

type Answer = Extract<FromChild, { type: 'answer' }>['answer']

function answer(id: number, ask: () => Answer | Promise<Answer> | undefined, send: Send): void {
  const settled = async (): Promise<Answer> => {
    const given = await ask()
    if (given === undefined) throw new Error('the game server cannot do this')
    return given
  }
  settled().then(
    (given) => send({ type: 'answer', id, answer: given }),
    (error: unknown) => send({ type: 'failed', id, error: toErrorRecord(error) }),
  )
}

/** Passes on what the game server reports, in its order. */
function connect(server: GameServer, send: Send): void {
  let last = takeSnapshot(server)
  send({ type: 'snapshot', snapshot: last })
  const reflect = (): void => {
    const snapshot = takeSnapshot(server)
    if (isDeepStrictEqual(snapshot, last)) return
    last = snapshot
    send({ type: 'snapshot', snapshot })
  }
  server.on('stateChanged', reflect)
  const forward = <Name extends keyof ForwardedEvents>(name: Name): void => {
    server.on(name, (event) => {
      reflect()
      send({ type: 'event', name, event } as Extract<FromChild, { type: 'event' }>)
    })
  }
  for (const name of forwarded) forward(name)
  server.subscribe((event: BackendEvent) => {
    // The others follow from the state.
    if (event.type === 'verdict' || event.type === 'warning') send(event)
  })
  // Some of it changes without an event.
  setInterval(reflect, reflectMs).unref()
}

function takeSnapshot(server: GameServer): Snapshot {
  const { state, error, serverSteamId, isSecure, counts } = server
  return {
    state,
    error: error === undefined ? undefined : toErrorRecord(error),
    serverSteamId,
    isSecure,
    strayVerdicts: counts.strayVerdicts,
    malformedVerdicts: counts.malformedVerdicts,
  }
}

function createLogger(send: Send): Logger {
  const levels = ['trace', 'debug', 'info', 'warn', 'error'] as const
  const logger = {} as { -readonly [Level in keyof Logger]: Logger[Level] }
  for (const level of levels) {
    logger[level] = (fields, message) => send({ type: 'log', level, fields: toPlain(fields), message })
  }
  return logger
}

const plainTypes = new Set(['string', 'number', 'boolean', 'bigint', 'undefined'])

/** Fields that survive being cloned. */
function toPlain(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      if (value instanceof Error) return [name, toErrorRecord(value)]
      const isPlain = value === null || plainTypes.has(typeof value)
      return [name, isPlain ? value : String(value)]
    }),
  )
}
