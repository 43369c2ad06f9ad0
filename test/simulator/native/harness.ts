import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join as joinPath } from 'node:path'
import {
  createSimulatedSteam,
  type MintTicketOptions,
  type NativeGameServer,
  type NativeSteam,
  type NativeSteamOptions,
  type SimulatedAccount,
  type SimulatedSteam,
  type SimulatedSteamOptions,
} from '@ticketgate/simulator'
import type { KoffiGameServer, RawCallback } from '../../fixtures/koffi-game-server.ts'

/** A process that does what it is told, and dies with its scope. */
export interface Puppet extends AsyncDisposable {
  readonly pid: number
  /** What it has written to both streams. */
  readonly output: string
  call<Value>(name: string, ...args: unknown[]): Promise<Value>
  /** Ends it by a signal and waits for that. */
  kill(signal?: NodeJS.Signals): Promise<void>
  readonly ended: Promise<{ code: number | null; signal: string | null }>
}

export async function startPuppet(file: string, environment: Record<string, string>): Promise<Puppet> {
  const child: ChildProcess = fork(joinPath(import.meta.dirname, file), {
    execArgv: ['--conditions=@ticketgate/source'],
    env: { ...process.env, ...environment },
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  const calls = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>()
  let output = ''
  let count = 0
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (output += chunk))
  child.on('message', ({ id, value, error }: { id: number; value: unknown; error?: string }) => {
    const call = calls.get(id)
    calls.delete(id)
    if (error === undefined) call?.resolve(value as never)
    else call?.reject(new Error(error))
  })
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.once('exit', (code, signal) => {
      for (const { reject } of calls.values()) reject(new Error(`the process ended: ${code ?? signal}\n${output}`))
      calls.clear()
      resolve({ code, signal })
    })
  })
  await Promise.race([
    once(child, 'message'),
    ended.then(({ code }) => Promise.reject(new Error(`the process ended: ${code}\n${output}`))),
  ])

  async function kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    child.kill(signal)
    await ended
  }

  return {
    pid: child.pid as number,
    get output() {
      return output
    },
    call(name, ...args) {
      return new Promise((resolve, reject) => {
        count += 1
        calls.set(count, { resolve, reject })
        child.send({ id: count, name, args }, (error) => error && reject(error))
      })
    },
    kill,
    ended,
    [Symbol.asyncDispose]: () => kill(),
  }
}

type Async<Type> = {
  [Name in keyof Type]: Type[Name] extends (...args: infer Args) => infer Value
    ? (...args: Args) => Promise<Value>
    : () => Promise<Type[Name]>
}

/** A native game server in a process of its own. */
export type ServerProcess = Async<KoffiGameServer> &
  Puppet & {
    /** Polls until this callback has come; answers everything up to it. */
    pollUntil(id: number): Promise<RawCallback[]>
    setEnvironment(variables: Record<string, string>): Promise<void>
  }

export type Sdk = '1.60' | '1.62'

export async function startServerProcess(
  native: Pick<NativeSteam, 'environment'>,
  { sdk = '1.60', ...environment }: { readonly sdk?: Sdk } & Record<string, string> = {},
): Promise<ServerProcess> {
  const puppet = await startPuppet('server-process.ts', {
    SteamAppId: '480',
    ...native.environment(),
    TEST_SDK: sdk,
    ...environment,
  })
  return new Proxy(puppet, {
    get: (target, name) =>
      name in target || typeof name === 'symbol' || name === 'then'
        ? Reflect.get(target, name)
        : (...args: unknown[]) => target.call(name, ...args),
  }) as ServerProcess
}

/** A simulated Steam with its native half, both ending with their scope. */
export interface NativeWorld extends AsyncDisposable {
  readonly steam: SimulatedSteam
  readonly native: NativeSteam
  readonly ann: SimulatedAccount
  /** A steamworks.js client of an account, initialised. */
  startClient(
    account: SimulatedAccount,
    options?: { readonly sdk?: Sdk } & Record<string, string>,
  ): Promise<ClientProcess>
  /** A game server that is logged on, and what Steam sees of it. */
  startServer(options?: { readonly sdk?: Sdk } & Record<string, string>): Promise<{
    readonly server: ServerProcess
    readonly seen: NativeGameServer
  }>
}

export async function createNativeWorld(
  options: SimulatedSteamOptions & { readonly native?: NativeSteamOptions } = {},
): Promise<NativeWorld> {
  const steam = createSimulatedSteam({ apps: [{ appId: 480, dlc: [490] }, 481], ...options })
  const ann = steam.createAccount({ name: 'Ann' })
  const native = await steam.openNative(options.native)
  const puppets: Puppet[] = []
  return {
    steam,
    native,
    ann,
    async startClient(account, environment = {}) {
      const client = await startClientProcess(native, account, environment)
      puppets.push(client)
      await client.init()
      return client
    },
    async startServer(environment = {}) {
      const server = await startServerProcess(native, environment)
      puppets.push(server)
      const attached = native.nextServer()
      const { message } = await server.init()
      if (message) throw new Error(message)
      await server.logOnAnonymous()
      await server.pollUntil(115)
      return { server, seen: await attached }
    },
    async [Symbol.asyncDispose]() {
      for (const puppet of puppets) await puppet.kill()
      await steam.close()
    },
  }
}

/** Looks again until it is so; the test's own time limit ends the wait. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 2))
}

/** A game with an unmodified steamworks.js in a process of its own. */
export interface ClientProcess extends Puppet {
  init(appId?: number): Promise<void>
  ticketForServer(steamId: string): Promise<KeptTicket>
  ticketForIp(address: string): Promise<KeptTicket>
  ticketForWebApi(identity: string): Promise<KeptTicket>
  cancel(ticket: KeptTicket): Promise<void>
}

/** A ticket that the client process keeps open. */
export interface KeptTicket {
  readonly index: number
  readonly bytes: Buffer
}

export async function startClientProcess(
  native: NativeSteam,
  account: SimulatedAccount | undefined,
  { sdk = '1.60', ...environment }: { readonly sdk?: Sdk } & Record<string, string> = {},
): Promise<ClientProcess> {
  const puppet = await startPuppet('client-process.ts', {
    ...native.environment(account),
    TEST_SDK: sdk,
    ...environment,
  })
  return Object.create(puppet, {
    init: { value: (appId = 480) => puppet.call('init', appId) },
    ticketForServer: { value: (steamId: string) => puppet.call('ticketForServer', steamId) },
    ticketForIp: { value: (address: string) => puppet.call('ticketForIp', address) },
    ticketForWebApi: { value: (identity: string) => puppet.call('ticketForWebApi', identity) },
    cancel: { value: ({ index }: KeptTicket) => puppet.call('cancel', index) },
  }) as ClientProcess
}

export type Started = Awaited<ReturnType<NativeWorld['startServer']>>

/** Begins with a fresh ticket and waits for the verdict; answers the ticket. */
export async function join(
  { steam }: NativeWorld,
  { server }: Started,
  account: SimulatedAccount,
  mint?: MintTicketOptions,
) {
  const ticket = steam.mintTicket(account, { kind: 'session', ...mint })
  const result = await server.begin(ticket.data, account.steamId)
  if (result !== 0) throw new Error(`BeginAuthSession returned ${result}`)
  return { ticket, verdicts: readVerdicts(await server.pollUntil(143), steam) }
}

/** A callback 143 in words: `player: response` or, with another owner, `player: response (owner)`. */
export function readVerdicts(callbacks: readonly RawCallback[], steam: SimulatedSteam): string[] {
  const nameOf = (steamId: bigint) => steam.account(steamId.toString())?.name ?? steamId.toString()
  return callbacks
    .filter(({ id }) => id === 143)
    .map(({ bytes }) => {
      const player = bytes.readBigUInt64LE(0)
      const owner = bytes.readBigUInt64LE(12)
      return `${nameOf(player)}: ${bytes.readInt32LE(8)}${owner === player ? '' : ` (${nameOf(owner)})`}`
    })
}
