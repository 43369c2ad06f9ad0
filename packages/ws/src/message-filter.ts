/** The part of a `ws` socket that emits; no import, so that the client half stays browser-safe. */
interface MessageEmitter {
  emit(event: string, ...args: unknown[]): boolean
}

/**
 * Puts a filter before all `message` listeners of a `ws` socket, those of `addEventListener` included: what
 * `take` answers `true` to reaches none of them. Shadows `emit` with an own property, because an EventEmitter
 * has no way to stop an event half-way: a listener of ours beside the application's would let a ticket reach
 * an application that logs messages it does not know.
 *
 * @returns what takes the filter out again; `emit` is then the function that it was.
 */
export function filterMessages(socket: object, take: (data: unknown, isBinary: boolean) => boolean): () => void {
  const emitter = socket as MessageEmitter
  // Usually the prototype's; an own one is some other library's and stays in use.
  const emit = emitter.emit
  let active = true

  function emitFiltered(this: MessageEmitter, event: string, ...args: unknown[]): boolean {
    if (active && event === 'message' && take(args[0], args[1] === true)) return true
    return emit.call(this, event, ...args)
  }

  emitter.emit = emitFiltered
  return function removeFilter() {
    active = false
    // Somebody who shadowed it after us still calls through; inactive, it only passes on.
    if (emitter.emit !== emitFiltered) return
    // Put back, not deleted: V8 would turn the whole socket into a dictionary, 1.4 kB larger and slower for the
    // rest of its life.
    emitter.emit = emit
  }
}

/** A message as `ws` delivers it, as one piece of bytes; `undefined` for a Blob, which cannot be read at once. */
export function toBytes(data: unknown): Uint8Array | undefined {
  if (data instanceof Uint8Array) return data
  if (data instanceof ArrayBuffer) return new Uint8Array(data)
  if (!Array.isArray(data) || !data.every((part) => part instanceof Uint8Array)) return undefined
  const bytes = new Uint8Array(data.reduce((sum: number, part: Uint8Array) => sum + part.length, 0))
  let offset = 0
  for (const part of data as Uint8Array[]) {
    bytes.set(part, offset)
    offset += part.length
  }
  return bytes
}
