import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BackendEvent, BeginAuthSessionAnswer, SteamId, TicketReading } from '@ticketgate/core'
import type { GameServer, GameServerEvents, GameServerOptions } from '@ticketgate/gameserver'
import type { IsolationInternals } from '../../../packages/gameserver/src/isolation/supervisor.ts'
import { nextTold as nextToldBy } from '../../fixtures/next-told.ts'
import { VirtualClock } from '../../fixtures/virtual-clock.ts'
import { createFolder } from '../../support/folder.ts'
import { createIsolatedGameServer } from './create-isolated.ts'

export const alice: SteamId = '76561197960265729'
export const bob: SteamId = '76561197960265730'

export const fakeChild = new URL('fake-child.ts', import.meta.url)

export interface SceneOptions {
  /** How each start goes; the last one counts for all that follow. */
  readonly plan?: readonly string[]
  readonly options?: Partial<GameServerOptions>
  readonly times?: IsolationInternals['times']
}

/** An isolated game server over the fake child, with a clock that stands still; connected when the plan says so. */
export async function createScene({ plan = ['connected'], options, times }: SceneOptions = {}) {
  const folder = createFolder({ journal: '' })
  const journalPath = join(folder.path, 'journal')
  const clock = new VirtualClock()
  const journal = {
    get lines(): string[] {
      return readFileSync(journalPath, 'utf8').split('\n').filter(Boolean)
    },
    count: (word: string): number => journal.lines.filter((line) => line.startsWith(`${word} `)).length,
    get pids(): number[] {
      return journal.lines.filter((line) => line.startsWith('start ')).map((line) => Number(line.split(' ')[1]))
    },
    clear: () => writeFileSync(journalPath, ''),
  }
  const env: Record<string, string> = { FAKE_JOURNAL: journalPath, FAKE_PLAN: JSON.stringify(plan) }
  let server: GameServer
  try {
    server = await createIsolatedGameServer(
      Object.setPrototypeOf({ appId: 480, product: 'test', description: 'test', clock, ...options }, options ?? null),
      {
        childModule: fakeChild,
        env,
        ...(times && { times }),
      },
    )
  } catch (error) {
    folder[Symbol.dispose]()
    throw error
  }
  const told: BackendEvent[] = []
  const unsubscribe = server.subscribe((event) => told.push(event))
  if (plan[0] === 'connected') {
    await server.ready()
    // That of the first logon may have come before anybody listened.
    told.length = 0
  }

  const begin = (steamId: SteamId, text: string, signal?: AbortSignal): Promise<BeginAuthSessionAnswer> =>
    server.beginAuthSession!(
      { ticket: { data: Buffer.from(text) } as unknown as TicketReading, steamId, identity: undefined },
      { signal },
    )
  const nextTold = (type: BackendEvent['type']): Promise<BackendEvent> => nextToldBy(server, type)

  return {
    server,
    clock,
    journal,
    /** Of children that are started from now on. */
    env,
    /** Everything told to the backend's listeners. */
    told,
    get tellings(): string[] {
      return told.map((event) => event.type)
    },
    /** Begins with a "ticket" that tells the fake what to do. */
    begin,
    /** Begins and takes the good verdict, which is not among those told. */
    async enter(steamId: SteamId): Promise<void> {
      const verdict = nextTold('verdict')
      await begin(steamId, 'good')
      told.splice(told.indexOf(await verdict), 1)
    },
    /** Resolves when the game server's next event of that name comes. */
    next: <Name extends keyof GameServerEvents>(name: Name): Promise<GameServerEvents[Name]> =>
      new Promise((resolve) => {
        const stop = server.on(name, (event) => {
          stop()
          resolve(event)
        })
      }),
    /** Resolves when the backend tells the next event of that type. */
    nextTold,
    async [Symbol.asyncDispose]() {
      unsubscribe()
      await server.close()
      folder[Symbol.dispose]()
    },
  }
}

export type Scene = Awaited<ReturnType<typeof createScene>>

/** Whether a process of that id is there. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
