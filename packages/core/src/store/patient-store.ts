import type { Awaitable } from '../ports/backend.ts'
import type { Announcement, ClaimAnswer, Store } from '../ports/store.ts'
import type { Deadlines } from '../time/deadlines.ts'

/** How long a store may take for one answer, in milliseconds; then it counts as one that cannot be reached. */
export const storeTimeoutMs = 5_000

/**
 * @internal A store that always answers: what takes too long is rejected, so that a store that hangs keeps no
 * session open and no gate from closing. A store that answers at once, like the one in memory, pays nothing.
 */
export class PatientStore implements Store {
  readonly #store: Store
  readonly #deadlines: Deadlines

  constructor(store: Store, deadlines: Deadlines) {
    this.#store = store
    this.#deadlines = deadlines
  }

  claim(request: Parameters<Store['claim']>[0]): Awaitable<ClaimAnswer> {
    return this.#bound(this.#store.claim(request), (late) => {
      // Granted after we had given up: nobody would ever release it.
      const { steamId, node } = request
      if (late.granted) return this.#store.release({ steamId, node, fence: late.fence })
    })
  }

  holder(request: Parameters<Store['holder']>[0]): ReturnType<Store['holder']> {
    return this.#bound(this.#store.holder(request))
  }

  release(request: Parameters<Store['release']>[0]): Awaitable<void> {
    return this.#bound(this.#store.release(request))
  }

  renew(request: Parameters<Store['renew']>[0]): Awaitable<boolean> {
    return this.#bound(this.#store.renew(request))
  }

  remember(request: Parameters<Store['remember']>[0]): Awaitable<boolean> {
    return this.#bound(this.#store.remember(request))
  }

  forget(request: Parameters<Store['forget']>[0]): Awaitable<void> {
    return this.#bound(this.#store.forget(request))
  }

  announce(announcement: Announcement): Awaitable<void> {
    return this.#bound(this.#store.announce(announcement))
  }

  subscribe(listener: (announcement: Announcement) => void): () => void {
    return this.#store.subscribe(listener)
  }

  close(): Awaitable<void> {
    return this.#bound(this.#store.close())
  }

  #bound<Answer>(answer: Awaitable<Answer>, undo?: (late: Answer) => Awaitable<void>): Awaitable<Answer> {
    if (!(answer instanceof Promise)) return answer
    return new Promise((resolve, reject) => {
      let isLate = false
      const deadline = this.#deadlines.add(storeTimeoutMs, () => {
        isLate = true
        reject(new Error(`the store did not answer within ${storeTimeoutMs} ms`))
      })
      answer
        .then((value) => {
          this.#deadlines.cancel(deadline)
          if (isLate) return undo?.(value)
          resolve(value)
        })
        .catch((error: unknown) => {
          this.#deadlines.cancel(deadline)
          // Also what undoing a late answer throws: the lease runs out by itself then.
          reject(error)
        })
    })
  }
}
