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
  /** Nearly always all there is. */
  #listener: (() => void) | undefined
  #others: readonly (() => void)[] | undefined

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

  onCancel(listener: () => void): () => void {
    if (this.#isCanceled) {
      listener()
      return ignore
    }
    if (this.#listener === undefined && this.#others === undefined) {
      this.#listener = listener
      let isThere = true
      return () => {
        if (isThere && this.#listener === listener) this.#listener = undefined
        isThere = false
      }
    }
    // Wrapped, so that the same function added twice is two listeners.
    const added = (): void => listener()
    this.#others = [...(this.#others ?? []), added]
    return () => {
      this.#others = this.#others?.filter((each) => each !== added)
    }
  }

  /** The second call and every later one do nothing. */
  cancel(): void {
    if (this.#isCanceled) return
    this.#isCanceled = true
    const listener = this.#listener
    const others = this.#others
    this.#listener = undefined
    this.#others = undefined
    listener?.()
    for (const other of others ?? []) other()
    this.#controller?.abort()
  }
}

function ignore(): void {}
