/** A figure with how sure it is. */
export interface Estimate {
  readonly value: number
  /** Bootstrap 95 % interval. */
  readonly low: number
  readonly high: number
  /** Lowest and highest single slice. */
  readonly min: number
  readonly max: number
}

const resamples = 2_000

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/**
 * The ratio of two totals over paired slices: the steadiest figure where single slices scatter. Slices of
 * one index were taken in the same run.
 */
export function ratioOfTotals(own: readonly number[], base: readonly number[]): Estimate {
  return estimate(own, base, (picks) => {
    let above = 0
    let below = 0
    for (const pick of picks) {
      above += own[pick]!
      below += base[pick]!
    }
    return above / below
  })
}

/** The median over runs of the ratio within a run. */
export function medianRatio(own: readonly number[], base: readonly number[]): Estimate {
  const ratios = own.map((value, run) => value / base[run]!)
  return estimate(own, base, (picks) => median(picks.map((pick) => ratios[pick]!)))
}

function estimate(own: readonly number[], base: readonly number[], figure: (picks: number[]) => number): Estimate {
  if (own.length !== base.length || own.length === 0) throw new Error('slices must be paired')
  const random = createRandom(own.length)
  const found: number[] = []
  for (let round = 0; round < resamples; round++) {
    found.push(figure(own.map(() => Math.floor(random() * own.length))))
  }
  found.sort((a, b) => a - b)
  const ratios = own.map((value, run) => value / base[run]!)
  return {
    value: figure(own.map((_, run) => run)),
    low: found[Math.floor(resamples * 0.025)]!,
    high: found[Math.floor(resamples * 0.975)]!,
    min: Math.min(...ratios),
    max: Math.max(...ratios),
  }
}

/** Mulberry32: the same slices always give the same interval. */
function createRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
