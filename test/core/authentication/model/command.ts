import fc from 'fast-check'
import type { Model } from './model.ts'
import type { Stage } from './stage.ts'

export type StageCommand = fc.AsyncCommand<Model, Stage>

/** A command that can always run; where there is nothing to act on it does nothing. */
export function command(name: string, run: (model: Model, stage: Stage) => void | Promise<void>): StageCommand {
  return { check: () => true, run: async (model, stage) => run(model, stage), toString: () => name }
}

/**
 * The same command, followed by some turns of the microtask queue, so that the next one comes in the midst
 * of what this one set off. What must hold at any moment is checked on both sides.
 */
export function interleaved(commands: fc.Arbitrary<StageCommand>): fc.Arbitrary<StageCommand> {
  return fc.tuple(commands, fc.constantFrom(0, 1, 2, 3, 12)).map(([each, turns]) =>
    command(`${each} +${turns}`, async (model, stage) => {
      await each.run(model, stage)
      stage.assertPaired()
      for (let turn = 0; turn < turns; turn++) await undefined
      stage.assertPaired()
    }),
  )
}

/** One of several, by a number that need not be in range. */
export function pick<Value>(values: readonly Value[], at: number): Value | undefined {
  return values[at % Math.max(1, values.length)]
}
