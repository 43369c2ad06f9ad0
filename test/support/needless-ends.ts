import { Duplex, Writable } from 'node:stream'
import { createSandbox } from 'sinon'

/** Counts ends of streams that had ended before, from now until `restore`: Node makes an `Error` for each. */
export function countNeedlessEnds(): { readonly count: number; restore(): void } {
  let count = 0
  const sandbox = createSandbox()
  for (const { prototype } of [Writable, Duplex]) {
    const { end } = prototype
    sandbox.replace(prototype, 'end', function (this: Writable, ...args: unknown[]) {
      if (this.writableEnded) count++
      return end.apply(this, args as never)
    } as typeof end)
  }
  return {
    get count() {
      return count
    },
    restore: () => sandbox.restore(),
  }
}
