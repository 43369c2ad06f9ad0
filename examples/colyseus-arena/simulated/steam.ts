// Stands in for Steam, so that the game runs without a key, an account and a network.

import { createSimulatedSteam, type SimulatedAccount, type SimulatedSteam } from '@ticketgate/simulator'
import type { SteamWebApiOptions } from '@ticketgate/steam'
import { appId, bansEveryMs } from '../server/guard.ts'
import type { CastMember } from '../shared/panel.ts'
import { createSkippingClock } from './skipping-clock.ts'

// Steam is left alone for so long when it does not answer.
const breakerOpenMs = 5_000

/** Somebody to play as. */
export interface Role {
  readonly account: SimulatedAccount
  readonly about: string
}

/** Simulated Steam with its Web API on a port of its own, and some accounts. */
export interface SimulatedWorld {
  readonly steam: SimulatedSteam
  readonly cast: readonly Role[]
  /** What `steamWebApi` needs to ask it. */
  readonly webApiOptions: Partial<SteamWebApiOptions> & { readonly key: string; readonly baseUrl: string }
  readonly isUp: boolean
  banOf(steamId: string): CastMember['ban']
  goDown(): void
  comeUp(): void
  /** Bans somebody, and lets the game server look at once instead of at its next re-check. */
  ban(account: SimulatedAccount): Promise<void>
  close(): Promise<void>
}

/** Starts it. */
export async function startSimulatedSteam(): Promise<SimulatedWorld> {
  const clock = createSkippingClock()
  const steam = createSimulatedSteam({ apps: [{ appId, name: 'Spacewar' }] })
  const bans = new Map<string, CastMember['ban']>()
  steam.subscribe((operation) => {
    if (operation.type === 'vac-banned') bans.set(operation.steamId, 'VAC')
    if (operation.type === 'publisher-banned') bans.set(operation.steamId, 'publisher')
    if (operation.type === 'unbanned') bans.delete(operation.steamId)
  })
  const webApi = await steam.listenWebApi()

  /** Lets the time of the next re-check come, and waits until Steam was asked. */
  async function recheckBans(): Promise<void> {
    const before = webApi.calls.GetPlayerBans
    const deadlineMs = performance.now() + 2_000
    clock.skip(bansEveryMs)
    while (webApi.calls.GetPlayerBans === before && performance.now() < deadlineMs) {
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  return {
    steam,
    cast: createCast(steam),
    webApiOptions: {
      key: webApi.key,
      baseUrl: webApi.url,
      dangerouslyTrustTicketKey: steam.publicKey,
      clock,
      // Calls must outlast the time that is skipped while they are under way.
      timeoutMs: 120_000,
      retries: 1,
      breaker: { window: 3, minimumCalls: 2, openMs: breakerOpenMs, maxOpenMs: breakerOpenMs },
    },
    get isUp() {
      return webApi.faults.active === 0
    },
    banOf: (steamId) => bans.get(steamId),
    goDown() {
      if (webApi.faults.active === 0) webApi.faults.add({ kind: 'status', status: 503 })
    },
    comeUp() {
      webApi.faults.clear()
      // The backend would notice by itself, at its next probe.
      clock.skip(breakerOpenMs)
    },
    async ban(account) {
      const isUp = webApi.faults.active === 0
      // A ban counts when it was not there at the look before. The second look begins when the first is over.
      if (isUp) for (let looks = 0; looks < 2; looks++) await recheckBans()
      account.publisherBan()
      if (isUp) await recheckBans()
    },
    close: () => steam.close(),
  }
}

function createCast(steam: SimulatedSteam): readonly Role[] {
  const ada = steam.createAccount({ name: 'Ada' })
  const vera = steam.createAccount({ name: 'Vera', vacBanned: true })
  return [
    { account: ada, about: 'owns the game' },
    { account: steam.createAccount({ name: 'Bert', borrowsFrom: ada }), about: "plays Ada's copy" },
    { account: steam.createAccount({ name: 'Cleo' }), about: 'owns the game' },
    { account: steam.createAccount({ name: 'Dan' }), about: 'owns the game' },
    { account: vera, about: 'has cheated' },
    { account: steam.createAccount({ name: 'Fay', borrowsFrom: vera }), about: "plays Vera's copy" },
    { account: steam.createAccount({ name: 'Nora', owns: [] }), about: 'has no licence' },
  ]
}
