import { Chain, Link } from '../collections/chain.ts'

/** How whoever is asked something learns that nobody waits for the answer any more. */
export interface Cancellation {
  /** Aborts then. A gate makes one when it is first read: most answers are there before anybody asks for it. */
  readonly signal?: AbortSignal | undefined
  /**
   * The same without a signal, for backends to whom one for each call is dear: calls `listener` once, at once when it
   * has happened already. Where it is missing there is the signal; {@link whenCanceled} takes either.
   *
   * @returns what removes the listener.
   */
  onCancel?(listener: () => void): () => void
}

/**
 * Calls `listener` once when a call is given up, at once when it has been.
 *
 * @returns what removes the listener.
 */
export function whenCanceled(cancellation: Cancellation | undefined, listener: () => void): () => void {
  if (cancellation?.onCancel !== undefined) return cancellation.onCancel(listener)
  const signal = cancellation?.signal
  if (signal === undefined) return ignore
  if (signal.aborted) {
    listener()
    return ignore
  }
  signal.addEventListener('abort', listener, { once: true })
  return () => signal.removeEventListener('abort', listener)
}

/** @internal A call that its maker can give up. */
export class CancelableCall implements Cancellation {
  #isCanceled = false
  #controller: AbortController | undefined
  /** Nearly always none or one. */
  #listeners: Chain<Listening> | undefined
  #context: { readonly signal: AbortSignal } | undefined

  get isCanceled(): boolean {
    return this.#isCanceled
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#isCanceled) this.#controller.abort()
    }
    return this.#controller.signal
  }

  /** The signal and nothing else, for the game's own functions; made, too, when it is first read. */
  get context(): { readonly signal: AbortSignal } {
    if (this.#context === undefined) {
      const call = this
      this.#context = {
        get signal() {
          return call.signal
        },
      }
    }
    return this.#context
  }

  onCancel(listener: () => void): () => void {
    const listening = new Listening(listener)
    if (this.#isCanceled) {
      listening.tell()
      return ignore
    }
    this.#listeners ??= new Chain()
    this.#listeners.add(listening)
    return () => {
      listening.chain?.remove(listening)
    }
  }

  /** The second call and every later one do nothing. */
  cancel(): void {
    if (this.#isCanceled) return
    this.#isCanceled = true
    // One after the other, since whoever is told may stop others from listening.
    for (let first = this.#listeners?.first; first !== undefined; first = this.#listeners?.first) {
      first.chain?.remove(first)
      first.tell()
    }
    this.#controller?.abort()
  }
}

class Listening extends Link<Listening> {
  readonly #listener: () => void

  constructor(listener: () => void) {
    super()
    this.#listener = listener
  }

  /** What it throws is not its teller's: the platform reports it, as it does for listeners of a signal. */
  tell(): void {
    try {
      this.#listener()
    } catch (error) {
      queueMicrotask(() => {
        throw error
      })
    }
  }
}

function ignore(): void {}
