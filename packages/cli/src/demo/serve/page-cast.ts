import type { SteamId } from '@ticketgate/core'
import type { SimulatedAccount, SimulatedSteam } from '@ticketgate/simulator'

/** The accounts that can be played on the page. */
export interface PageCast {
  readonly accounts: readonly { readonly account: SimulatedAccount; readonly about: string }[]
  nameOf(steamId: SteamId): string
  /** The last ban that an account was given, and still has. */
  banOf(steamId: SteamId): 'VAC' | 'publisher' | undefined
}

/** Gives each of them an account. */
export function createPageCast(steam: SimulatedSteam): PageCast {
  const banned = new Map<SteamId, 'VAC' | 'publisher'>()
  steam.subscribe((operation) => {
    if (operation.type === 'vac-banned') banned.set(operation.steamId, 'VAC')
    if (operation.type === 'publisher-banned') banned.set(operation.steamId, 'publisher')
    if (operation.type === 'unbanned') banned.delete(operation.steamId)
  })
  const ada = steam.createAccount({ name: 'Ada' })
  const vera = steam.createAccount({ name: 'Vera', vacBanned: true })
  const accounts = [
    { account: ada, about: 'owns the game' },
    { account: steam.createAccount({ name: 'Bert', borrowsFrom: ada }), about: "plays Ada's copy" },
    { account: steam.createAccount({ name: 'Cleo' }), about: 'owns the game' },
    { account: vera, about: 'owns the game' },
    { account: steam.createAccount({ name: 'Paul', publisherBanned: true }), about: 'owns the game' },
    { account: steam.createAccount({ name: 'Fay', borrowsFrom: vera }), about: "plays Vera's copy" },
    { account: steam.createAccount({ name: 'Nora', owns: [] }), about: 'does not own the game' },
  ]
  const names = new Map(accounts.map(({ account }) => [account.steamId, account.name]))
  return {
    accounts,
    nameOf: (steamId) => names.get(steamId) ?? steamId,
    banOf: (steamId) => banned.get(steamId),
  }
}
