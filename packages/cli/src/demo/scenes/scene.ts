import { type Code, codes, type SteamId } from '@ticketgate/core'
import type { Actor, Visit } from '../actor.ts'
import type { Arena } from '../arena.ts'
import type { CastName } from '../cast.ts'

/** What scenes play on. */
export interface Stage {
  readonly arena: Arena
  readonly actors: Readonly<Record<CastName, Actor>>
  /** Visits of those who are inside, for later scenes. */
  readonly inside: Map<CastName, Visit>
}

/** One thing that happens, and what must come of it. */
export interface Scene {
  readonly who: CastName | 'all'
  readonly does: string
  /** Compared with what `play` gives. */
  readonly expects: string
  play(stage: Stage): Promise<string>
}

/** `ticket-spliced · 4425`: how a refusal in band, or an end, shows. */
export function closedWith(code: Code): string {
  return `${code} · ${codes[code].closeCode}`
}

/** `ticket-spliced · HTTP 403`: how a refusal at the upgrade shows. */
export function answeredWith(code: Code): string {
  return `${code} · HTTP ${codes[code].httpStatus}`
}

/** Somebody comes in and stays, for the scene to go on with. */
export async function enter({ actors, inside }: Stage, name: CastName): Promise<Visit> {
  const visit = await actors[name].visit()
  if (!visit.outcome.ok) throw new Error(`${name} was refused with ${await visit.came}`)
  inside.set(name, visit)
  return visit
}

/** How many connections of a player the gate counts as there. */
export function presentOf({ arena }: Stage, steamId: SteamId): number {
  return arena.gate.find(steamId).filter(({ state }) => state !== 'away').length
}
