import type { Context } from 'mocha'

/**
 * Skips the running test, or from a `before` hook the whole suite, and says why; the reporter prints the
 * reason and counts the skip. A skip without a reason is a failure, and so is every skip when CI is set.
 */
export function skip(context: Context, reason: string): never {
  const { test, currentTest } = context
  // In a hook `test` is the hook itself; mocha names it in the title.
  const skipped = test?.title.startsWith('"before all"') ? test.parent : (currentTest ?? test)
  Object.assign(skipped ?? {}, { skipReason: reason })
  context.skip()
}
