import { parseArgs } from 'node:util'

/** How long a bench measures. */
export interface BenchOptions {
  /** Slices a variant gets. */
  readonly slices: number
  /** Connections, or whatever is counted, in one slice. */
  readonly perSlice: number
  /** Measures only the groups or variants whose names contain this. */
  readonly only: string | undefined
}

/**
 * Reads `--slices`, `--per-slice` and `--only`. Bounded, so that a typing error does not measure for a day.
 *
 * @throws RangeError or TypeError naming the option.
 */
export function readBenchOptions(defaults: { readonly slices: number; readonly perSlice: number }): BenchOptions {
  const { values } = parseArgs({
    options: { slices: { type: 'string' }, 'per-slice': { type: 'string' }, only: { type: 'string' } },
  })
  return {
    slices: readInteger('--slices', values.slices, defaults.slices, 3, 1_000),
    perSlice: readInteger('--per-slice', values['per-slice'], defaults.perSlice, 10, 20_000),
    only: values.only,
  }
}

function readInteger(name: string, text: string | undefined, preset: number, least: number, most: number): number {
  const value = text === undefined ? preset : Number(text)
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`"${name}" must be an integer from ${least} to ${most}, got ${text}`)
  }
  return value
}
