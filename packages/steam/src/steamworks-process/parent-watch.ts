// A thread of the process that runs steamworks.js. While the library blocks the main thread, which hears from the
// channel that the game is gone, nobody else could notice.

import { workerData } from 'node:worker_threads'

/** Between two looks. The first after the game's end leaves the main thread time to cancel what is open. */
const intervalMs = 1_000

const { parent } = workerData as { readonly parent: number }
let wasGone = false

setInterval(() => {
  if (wasGone) process.kill(process.pid, 'SIGKILL')
  wasGone = isGone()
}, intervalMs)

function isGone(): boolean {
  // Windows keeps telling the number of a parent that is gone.
  if (process.ppid !== parent) return true
  try {
    process.kill(parent, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}
