import type { Call } from './call.ts'

/** Makes the tries of a call and settles it. */
export interface Runner {
  /** Must not throw. */
  start(call: Call): void
  close(): void
}
