import type { Compared } from './comparison.ts'
import type { Estimate } from './statistics.ts'

/** `1.234 [1.20 to 1.27]`: the figure and its 95 % interval. */
export function showEstimate({ value, low, high }: Estimate): string {
  return `${value.toFixed(3)} [${low.toFixed(2)} to ${high.toFixed(2)}]`
}

/** Judges the whole interval, never the figure alone. */
export function judgeAtMost({ low, high }: Pick<Estimate, 'low' | 'high'>, limit: number): string {
  if (high <= limit) return 'met'
  return low > limit ? 'MISSED' : 'undecided'
}

/** See {@link judgeAtMost}. */
export function judgeAtLeast({ low, high }: Pick<Estimate, 'low' | 'high'>, limit: number): string {
  if (low >= limit) return 'met'
  return high < limit ? 'MISSED' : 'undecided'
}

/** Prints what the servers of a group came to, each beside what it is compared with. */
export function printComparison(title: string, rows: readonly Compared[]): void {
  console.log(`\n${title}`)
  console.log(
    'ratio of total server CPU and median ratio of rates within a run, [95 % interval]; (lowest to highest slice)',
  )
  console.table(
    rows.map(({ measured: { variant, cpuUs, rates, p50Ms }, over, cpu, rate, addedUs }) => {
      const { cpuAtMost, rateAtLeast } = variant.targets ?? {}
      return {
        variant: variant.name,
        '÷': over === variant.name ? '' : over,
        'CPU ratio':
          over === variant.name ? '1' : `${showEstimate(cpu)} (${cpu.min.toFixed(2)} to ${cpu.max.toFixed(2)})`,
        'rate ratio': over === variant.name ? '1' : showEstimate(rate),
        '+µs': Math.round(addedUs),
        'µs CPU': Math.round(cpuUs.reduce((sum, each) => sum + each, 0) / cpuUs.length),
        'conn/s': Math.round(rates.reduce((sum, each) => sum + each, 0) / rates.length),
        'p50 ms': (p50Ms.reduce((sum, each) => sum + each, 0) / p50Ms.length).toFixed(1),
        target: [
          cpuAtMost === undefined ? '' : `CPU ≤ ${cpuAtMost} ${judgeAtMost(cpu, cpuAtMost)}`,
          rateAtLeast === undefined ? '' : `rate ≥ ${rateAtLeast} ${judgeAtLeast(rate, rateAtLeast)}`,
        ]
          .filter((each) => each !== '')
          .join(', '),
      }
    }),
  )
}
