import { parseArgs } from 'node:util'

/** How long a bench measures. */
export interface BenchOptions {
  /** Slices a variant gets. */
  readonly slices: number
  /** Connections, or whatever is counted, in one slice. */
  readonly perSlice: number
  /** Measures only the groups or variants whose names contain this, in whatever letters. */
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

/**
 * What `--only` leaves of some groups of variants, each with its first one, which the others are compared with. Nothing of a
 * group in which it names none.
 *
 * @throws RangeError when it names none in any.
 */
export function chooseVariants<Variant extends { readonly name: string }>(
  { only }: Pick<BenchOptions, 'only'>,
  ...groups: readonly (readonly Variant[])[]
): Variant[][] {
  const isNamed = ({ name }: Variant): boolean => only === undefined || name.toLowerCase().includes(only.toLowerCase())
  if (!groups.flat().some(isNamed)) {
    const names = new Set(groups.flat().map(({ name }) => name))
    throw new RangeError(`"--only" must name a variant, got "${only}". There are: ${[...names].join('; ')}`)
  }
  return groups.map((group) =>
    group.some(isNamed) ? group.filter((variant, index) => index === 0 || isNamed(variant)) : [],
  )
}

function readInteger(name: string, text: string | undefined, preset: number, least: number, most: number): number {
  const value = text === undefined ? preset : Number(text)
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`"${name}" must be an integer from ${least} to ${most}, got ${text}`)
  }
  return value
}
