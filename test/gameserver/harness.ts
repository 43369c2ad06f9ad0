import assert from 'node:assert/strict'
import type { BackendEvent, BeginAuthSessionAnswer, SteamId, TicketReading } from '@ticketgate/core'
import type { GameServer, GameServerOptions } from '@ticketgate/gameserver'
import { createGameServerWith } from '../../packages/gameserver/src/create-game-server.ts'
import { FakeSteamLibrary } from '../fixtures/fake-steam-library.ts'
import { type MintOptions, mintedAt, mintTicket, playerSteamId, testKeys } from '../fixtures/tickets.ts'
import { VirtualClock } from '../fixtures/virtual-clock.ts'

export const required = { appId: 480, product: 'test-game', description: 'A game under test' } as const
export const testPublicKey = testKeys.publicKey.export({ type: 'spki', format: 'pem' }) as string

/** A session ticket, which is what a game server takes. */
export function sessionTicket(mint: MintOptions = {}): Uint8Array {
  return mintTicket({ type: 2, ...mint })
}

/** Lets the turns of the event loop pass in which a game server polls after it has asked something. */
export async function turns(count = 8): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

export interface Scene {
  readonly clock: VirtualClock
  readonly library: FakeSteamLibrary
  readonly server: GameServer
  /** What the backend's listeners were told. */
  readonly events: BackendEvent[]
  /** What the game server's own listeners were told: `connected {...}`. */
  readonly told: [name: string, event: unknown][]
  read(mint?: MintOptions): TicketReading
  begin(steamId?: SteamId, mint?: MintOptions, signal?: AbortSignal): Promise<BeginAuthSessionAnswer>
  /** Lets Steam accept the logon. */
  connect(serverId?: bigint): Promise<void>
  /** Verdicts so far: `SteamID response owner`. */
  verdicts(): string[]
  warnings(): string[]
}

const scenes: Scene[] = []

/** A game server over a fake library. It is closed, and the library held to have seen no wrong call, after the test. */
export async function startServer(
  options: Partial<GameServerOptions> = {},
  library = new FakeSteamLibrary(),
): Promise<Scene> {
  const clock = new VirtualClock(mintedAt)
  const server = await createGameServerWith(library, {
    ...required,
    clock,
    dangerouslyTrustTicketKey: testPublicKey,
    ...options,
  })
  const events: BackendEvent[] = []
  const told: [string, unknown][] = []
  server.subscribe((event) => events.push(event))
  for (const name of ['stateChanged', 'connected', 'disconnected', 'connectFailed', 'unknownCallback'] as const) {
    server.on(name, (event) => told.push([name, event]))
  }
  const scene: Scene = {
    clock,
    library,
    server,
    events,
    told,
    read: (mint = {}) => server.inspectTicket!(sessionTicket(mint)),
    begin: (steamId = playerSteamId, mint = {}, signal) =>
      server.beginAuthSession!(
        {
          ticket: server.inspectTicket!(sessionTicket({ steamId: BigInt(steamId), ...mint })),
          steamId,
          identity: undefined,
        },
        { signal },
      ),
    async connect(serverId) {
      library.sendConnected(serverId)
      await turns(1)
      clock.advance(100)
      assert.equal(server.state, 'connected')
    },
    verdicts: () =>
      events.flatMap((event) =>
        event.type === 'verdict'
          ? [`${event.verdict.steamId} ${event.verdict.response} ${event.verdict.ownerSteamId}`]
          : [],
      ),
    warnings: () => events.flatMap((event) => (event.type === 'warning' ? [event.reason] : [])),
  }
  scenes.push(scene)
  return scene
}

/** The same, connected. */
export async function startConnected(
  options: Partial<GameServerOptions> = {},
  library = new FakeSteamLibrary(),
): Promise<Scene> {
  const scene = await startServer(options, library)
  await scene.connect()
  scene.events.length = 0
  scene.told.length = 0
  return scene
}

/** For `afterEach`: what every test of a game server ends with. */
export async function endScenes(): Promise<void> {
  for (const { server, library, clock } of scenes.splice(0)) {
    await server.close()
    assert.deepEqual(library.faults, [])
    assert.equal(library.begun, library.ended)
    assert.equal(library.isUp, false)
    assert.equal(clock.timers, 0)
  }
  assert.equal(process.env.SteamAppId, undefined)
}
