const units: readonly (readonly [name: string, ms: number])[] = [
  ['year', 31_557_600_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
]

/** `2017-12-17 11:19:04 UTC` */
export function formatDate(date: Date): string {
  return `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

/** `8 years ago`, `in 21 days`, `just now`. */
export function formatAge(date: Date, nowMs: number): string {
  const ms = nowMs - date.getTime()
  const [name, size] = units.find(([, each]) => Math.abs(ms) >= each) ?? []
  if (name === undefined || size === undefined) return 'just now'
  const count = Math.floor(Math.abs(ms) / size)
  const amount = `${count} ${name}${count === 1 ? '' : 's'}`
  return ms > 0 ? `${amount} ago` : `in ${amount}`
}
