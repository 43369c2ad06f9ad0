import fc from 'fast-check'
import type { Model } from './model.ts'
import type { Stage } from './stage.ts'

/** Something that happens. Where there is nothing to act on it does nothing. */
export interface Step {
  readonly name: string
  readonly act: (model: Model, stage: Stage) => void | Promise<void>
}

export type StageCommand = fc.AsyncCommand<Model, Stage>

export function step(name: string, act: Step['act']): Step {
  return { name, act }
}

/**
 * A command of a few steps in a row, each followed by some turns of the microtask queue, so that the next
 * one comes in the midst of what it set off: fast-check itself lets many turns pass between two commands.
 * What must hold at any moment is checked all along.
 */
export function burst(steps: readonly fc.Arbitrary<Step>[]): fc.Arbitrary<StageCommand> {
  const part = fc.record({ step: fc.oneof(...steps), turns: fc.nat(3) })
  return fc.array(part, { minLength: 1, maxLength: 4, size: 'max' }).map((parts) => ({
    check: () => true,
    async run(model: Model, stage: Stage): Promise<void> {
      for (const { step, turns } of parts) {
        const acted = step.act(model, stage)
        if (acted !== undefined) await acted
        stage.assertPaired()
        for (let turn = 0; turn < turns; turn++) await undefined
        stage.assertPaired()
      }
    },
    toString: () => parts.map(({ step, turns }) => `${step.name} +${turns}`).join(', '),
  }))
}

/** One of several, by a number that need not be in range. */
export function pick<Value>(values: readonly Value[], at: number): Value | undefined {
  return values[at % Math.max(1, values.length)]
}
