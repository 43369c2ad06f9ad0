import { type Paint, wrap } from '../io.ts'
import type { Finding } from './finding.ts'

const nameWidth = 12

const marks = Object.freeze({ fine: ['green', '✔'], missing: ['red', '✖'], skipped: ['dim', '–'] } as const)

/** One line for a finding, and a hint below it where there is one. */
export function describeFinding({ name, state, detail, hint }: Finding, paint: Paint, width: number): string {
  const [color, mark] = marks[state]
  const line = `${paint(color, mark)} ${name.padEnd(nameWidth)} ${detail}`
  if (hint === undefined) return line
  return `${line}\n${wrap(hint, width, ' '.repeat(nameWidth + 3))}`
}

/** The last line. */
export function describeSum(findings: readonly Finding[], paint: Paint): string {
  const count = findings.filter(({ state }) => state === 'missing').length
  if (count > 0) return paint('red', count === 1 ? '1 point is missing' : `${count} points are missing`)
  return paint('green', 'Nothing is missing')
}

/** The report for programs. */
export function toJson(findings: readonly Finding[]): Record<string, unknown> {
  return {
    fine: findings.every(({ state }) => state !== 'missing'),
    checks: findings.map(({ name, state, detail, hint, reason }) => ({
      name,
      state,
      detail,
      hint: hint ?? null,
      reason: reason ?? null,
    })),
  }
}
