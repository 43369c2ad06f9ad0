import { type Actor, createActor } from './actor.ts'
import type { Arena } from './arena.ts'
import { type CastName, castList, createCast } from './cast.ts'
import { goingScenes } from './scenes/goings.ts'
import { outageScenes } from './scenes/outage.ts'
import type { Scene, Stage } from './scenes/scene.ts'
import { ticketScenes } from './scenes/tickets.ts'
import type { Row } from './table.ts'
import { within } from './waiting.ts'

/** No scene takes a tenth of this, unless something is broken. */
const sceneTimeoutMs = 8_000

export const scenes: readonly Scene[] = Object.freeze([...ticketScenes, ...goingScenes, ...outageScenes])

/** Plays every scene in order and tells before and after each. Afterwards everybody's Steam client has quit. */
export async function play(
  arena: Arena,
  tell: { readonly began: (row: Omit<Row, 'came'>) => void; readonly done: (row: Row) => void },
): Promise<readonly Row[]> {
  const accounts = createCast(arena)
  const actors = Object.fromEntries(castList.map(({ name }) => [name, createActor(arena, accounts[name])])) as Record<
    CastName,
    Actor
  >
  const stage: Stage = { arena, actors, inside: new Map() }
  const rows: Row[] = []
  for (const [index, scene] of scenes.entries()) {
    const { who, does, expects: expected } = scene
    const row = { step: index + 1, who, does, expected }
    tell.began(row)
    const done = { ...row, came: await playScene(scene, stage) }
    rows.push(done)
    tell.done(done)
  }
  await Promise.all(Object.values(actors).map((actor) => actor.quit()))
  return rows
}

async function playScene(scene: Scene, stage: Stage): Promise<string> {
  try {
    return await within(sceneTimeoutMs, scene.play(stage))
  } catch (error) {
    return error instanceof Error ? error.message : 'something was thrown that is no Error'
  }
}
