import type { BackendEvent, BeginAuthSessionAnswer, Verdict } from '@ticketgate/core'
import type { GameServer, GameServerOptions } from '@ticketgate/gameserver'
import {
  createSimulatedSteam,
  type NativeGameServer,
  type NativeSteam,
  type SimulatedAccount,
  type SimulatedSteam,
} from '@ticketgate/simulator'
import { nextTold as nextToldBy } from '../../fixtures/next-told.ts'
import { createIsolatedGameServer } from './create-isolated.ts'

/** An isolated game server on Valve's library over simulated Steam. */
export interface NativeScene extends AsyncDisposable {
  readonly steam: SimulatedSteam
  readonly native: NativeSteam
  readonly server: GameServer
  /** The server of the present child as Steam sees it. */
  readonly seen: NativeGameServer
  begin(account: SimulatedAccount): Promise<BeginAuthSessionAnswer>
  nextVerdict(): Promise<Verdict>
  nextTold(type: BackendEvent['type']): Promise<BackendEvent>
}

export async function createNativeScene(options: Partial<GameServerOptions> = {}): Promise<NativeScene> {
  const steam = createSimulatedSteam({ apps: [480, 481] })
  const native = await steam.openNative()
  let server: GameServer
  try {
    server = await createIsolatedGameServer(
      {
        appId: 480,
        product: 'test',
        description: 'test',
        steamClientPath: native.steamClientPath,
        dangerouslyTrustTicketKey: steam.publicKey,
        ...options,
      },
      { env: native.environment(), times: { firstDelayMs: 1 } },
    )
  } catch (error) {
    await steam.close()
    throw error
  }
  const nextTold = (type: BackendEvent['type']): Promise<BackendEvent> => nextToldBy(server, type)
  return {
    steam,
    native,
    server,
    get seen() {
      return native.servers.at(-1)!
    },
    begin(account) {
      const ticket = server.inspectTicket!(steam.mintTicket(account, { kind: 'session' }).data)
      return server.beginAuthSession!({ ticket, steamId: account.steamId, identity: undefined }, undefined)
    },
    nextVerdict: async () => ((await nextTold('verdict')) as Extract<BackendEvent, { type: 'verdict' }>).verdict,
    nextTold,
    async [Symbol.asyncDispose]() {
      await server.close()
      await steam.close()
    },
  }
}
