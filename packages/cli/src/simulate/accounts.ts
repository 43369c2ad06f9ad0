import type { SimulatedAccount, SimulatedSteam } from '@ticketgate/simulator'

/** An account that is there from the start, and what is special about it. */
export interface Resident {
  readonly account: SimulatedAccount
  readonly about: string
}

/** Makes one account of each kind that a game server should meet before its players do. */
export function createResidents(steam: SimulatedSteam): readonly Resident[] {
  const ada = steam.createAccount({ name: 'Ada' })
  const vera = steam.createAccount({ name: 'Vera', vacBanned: true })
  return Object.freeze([
    { account: ada, about: 'owns every app' },
    { account: steam.createAccount({ name: 'Bert', borrowsFrom: ada }), about: "plays Ada's copies (Steam Families)" },
    { account: vera, about: 'VAC-banned' },
    {
      account: steam.createAccount({ name: 'Paul', publisherBanned: true }),
      about: 'banned by the publisher',
    },
    { account: steam.createAccount({ name: 'Fay', borrowsFrom: vera }), about: "plays Vera's copies, who is banned" },
    { account: steam.createAccount({ name: 'Nora', owns: [] }), about: 'owns nothing' },
    { account: steam.createAccount({ name: 'Otto', online: false }), about: 'is offline' },
  ])
}
