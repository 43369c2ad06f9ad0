/** @internal A lifecycle method as rooms have it. */
// biome-ignore lint/suspicious/noExplicitAny: rooms type each hook their own way, and we pass on what comes
export type Hook = (...args: any[]) => any

/**
 * @internal Puts a function around one of a room's own methods, on this room alone, wherever the method comes from:
 * a method of the class, an arrow function in a field, one that Colyseus has bound for `onUncaughtException`, or one
 * assigned in `onCreate`. Colyseus' own plugin hooks wrap the prototype and miss all but the first (RoomPlugin.ts,
 * installPluginHookWrappers).
 *
 * @param isAlways Whether the hook exists even when the room has none: its absence means something to Colyseus.
 */
export function wrapHook<Args extends unknown[]>(
  room: object,
  name: string,
  isAlways: boolean,
  around: (inner: Hook | undefined, ...args: Args) => unknown,
): void {
  const prototype = Object.getPrototypeOf(room) as Record<string, Hook | undefined>
  let own = Object.getOwnPropertyDescriptor(room, name)?.value as Hook | undefined
  let bound: Hook | undefined
  let boundFrom: Hook | undefined
  /** The room's own method, bound once for as long as it stays the same. */
  const current = (): Hook | undefined => {
    const method = own ?? prototype[name]
    if (method !== boundFrom) {
      boundFrom = method
      bound = method?.bind(room)
    }
    return bound
  }
  // Always the same function: Colyseus compares `method === this.onDrop`. Named, for its logs.
  const wrapper = {
    [name](...args: Args) {
      return around(current(), ...args)
    },
  }[name]
  Object.defineProperty(room, name, {
    configurable: true,
    enumerable: false,
    get: () => (isAlways || current() !== undefined ? wrapper : undefined),
    set: (value: Hook | undefined) => {
      own = value
    },
  })
}

/** @internal Whether a hook takes its time. */
export function isPromise(answer: unknown): answer is Promise<unknown> {
  return typeof (answer as PromiseLike<unknown> | undefined)?.then === 'function'
}
