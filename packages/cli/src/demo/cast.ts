import type { SimulatedAccount } from '@ticketgate/simulator'
import type { Arena } from './arena.ts'

/** The accounts that play, each with what is special about it. */
export const castList = Object.freeze([
  { name: 'Ada', about: 'owns the game and plays by the rules' },
  { name: 'Olga', about: 'owns the game and lends it' },
  { name: 'Bert', about: 'borrows the copy of Olga', borrowsFrom: 'Olga' },
  { name: 'Eve', about: 'comes with tickets that are not in order' },
  { name: 'Vera', about: 'has a VAC ban', vacBanned: true },
  { name: 'Paul', about: 'is banned by the publisher', publisherBanned: true },
  { name: 'Fay', about: 'borrows the copy of Vera, who is banned', borrowsFrom: 'Vera' },
  { name: 'Bea', about: 'gets banned while playing' },
  { name: 'Rita', about: 'has her ticket cancelled by a hiccup of Steam' },
  { name: 'Dan', about: 'loses his connection and comes back' },
  { name: 'Vic', about: 'loses his connection for good' },
  { name: 'Kit', about: 'is kicked' },
  { name: 'Leo', about: 'leaves politely' },
  { name: 'Nia', about: 'comes while Steam is down' },
] as const)

/** A name of the cast. */
export type CastName = (typeof castList)[number]['name']

/** Gives each of them an account. */
export function createCast({ steam }: Arena): Readonly<Record<CastName, SimulatedAccount>> {
  const cast = new Map<string, SimulatedAccount>()
  for (const { name, about: _about, ...options } of castList) {
    const lender = 'borrowsFrom' in options ? cast.get(options.borrowsFrom) : undefined
    const { borrowsFrom: _name, ...rest } = { borrowsFrom: undefined, ...options }
    cast.set(name, steam.createAccount({ name, ...rest, ...(lender && { borrowsFrom: lender }) }))
  }
  return Object.freeze(Object.fromEntries(cast)) as Record<CastName, SimulatedAccount>
}
