/** Removes the listener it came from. Calling it again does nothing. */
export type Unsubscribe = () => void

/**
 * A typed event source without a dependency on any platform. A listener that throws does not disturb the
 * emitter or the other listeners: its error is thrown again from a microtask, where the platform reports
 * it as it reports every uncaught error.
 */
export class Emitter<Events extends object> {
  /** Lists are replaced and never changed, so that whoever emits walks over those of that moment without a copy. */
  readonly #listeners = new Map<keyof Events, readonly ((event: never) => void)[]>()

  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): Unsubscribe {
    // Wrapped, so that the same function added twice is two listeners with two ends.
    const added = (event: Events[Name]): void => listener(event)
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), added])
    return () => {
      const listeners = this.#listeners.get(name) ?? []
      this.#listeners.set(
        name,
        listeners.filter((each) => each !== added),
      )
    }
  }

  /** Whether anybody listens; saves building an event that nobody reads. */
  has(name: keyof Events): boolean {
    const listeners = this.#listeners.get(name)
    return listeners !== undefined && listeners.length > 0
  }

  emit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
    const listeners = this.#listeners.get(name)
    if (listeners === undefined) return
    for (let index = 0; index < listeners.length; index++) {
      try {
        ;(listeners[index] as (event: Events[Name]) => void)(event)
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
