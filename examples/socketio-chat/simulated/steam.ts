// Stands in for Steam, so that the chat runs without a key, an account and a network.

import { createSimulatedSteam, type SimulatedAccount, type SimulatedTicket } from '@ticketgate/simulator'
import type { SteamWebApiOptions } from '@ticketgate/steam'
import { appId } from '../chat.ts'

/** Simulated Steam, with its Web API on a port of its own. */
export interface SimulatedWorld {
  readonly accounts: readonly SimulatedAccount[]
  /** What `steamWebApi` needs to ask it. */
  readonly webApiOptions: Partial<SteamWebApiOptions> & { readonly key: string; readonly baseUrl: string }
  /** What a player's own Steam client does in a game. */
  makeTicket(steamId: string, identity: string): SimulatedTicket
  close(): Promise<void>
}

/** Starts it, with somebody to chat as. */
export async function startSimulatedSteam(): Promise<SimulatedWorld> {
  const steam = createSimulatedSteam({ apps: [{ appId, name: 'Spacewar' }] })
  const ada = steam.createAccount({ name: 'Ada' })
  steam.createAccount({ name: 'Bert', borrowsFrom: ada })
  steam.createAccount({ name: 'Cleo' })
  steam.createAccount({ name: 'Vera', vacBanned: true })
  const webApi = await steam.listenWebApi()
  return {
    accounts: steam.accounts,
    webApiOptions: { key: webApi.key, baseUrl: webApi.url, dangerouslyTrustTicketKey: steam.publicKey },
    makeTicket(steamId, identity) {
      const account = steam.account(steamId)
      if (account === undefined) throw new RangeError('nobody has this SteamID')
      return steam.mintTicket(account, { kind: 'webapi', appId, identity })
    },
    close: () => steam.close(),
  }
}
