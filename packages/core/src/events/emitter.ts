/** Removes the listener it came from. Calling it again does nothing. */
export type Unsubscribe = () => void

/**
 * A typed event source without a dependency on any platform. A listener that throws does not disturb the
 * emitter or the other listeners: its error is thrown again from a microtask, where the platform reports
 * it as it reports every uncaught error.
 */
export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<(event: never) => void>>()

  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): Unsubscribe {
    let listeners = this.#listeners.get(name)
    if (listeners === undefined) {
      listeners = new Set()
      this.#listeners.set(name, listeners)
    }
    // Wrapped, so that the same function added twice is two listeners with two ends.
    const added = (event: Events[Name]): void => listener(event)
    listeners.add(added)
    return () => {
      listeners.delete(added)
    }
  }

  /** Whether anybody listens; saves building an event that nobody reads. */
  has(name: keyof Events): boolean {
    const listeners = this.#listeners.get(name)
    return listeners !== undefined && listeners.size > 0
  }

  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    const listeners = this.#listeners.get(name)
    if (listeners === undefined || listeners.size === 0) return
    for (const listener of [...listeners] as ((event: Events[Name]) => void)[]) {
      try {
        listener(event)
      } catch (error) {
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }

  clear(): void {
    this.#listeners.clear()
  }
}
