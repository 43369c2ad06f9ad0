import { type Clock, createRefusal, type Refusal } from '@ticketgate/core'

/** How much of a body is read, and how long it may take. */
export interface BodyLimits {
  readonly maxBytes: number
  readonly timeoutMs: number
  readonly clock: Clock
}

/** A body that is too long is read on so far, so that its sender gets to read the answer. */
const drainBytes = 262_144

/**
 * Reads a request's body within its limits.
 *
 * @returns `message-too-large`, `handshake-timeout`, or `connection-lost` when the peer vanished. The body is
 * then left as it is: cancelling it would close the connection before the answer is out.
 */
export async function readBody(request: Request, limits: BodyLimits): Promise<Uint8Array | Refusal> {
  const { maxBytes, timeoutMs, clock } = limits
  const announced = Number(request.headers.get('content-length') ?? 0)
  if (announced > maxBytes + drainBytes) return createRefusal('message-too-large')
  if (request.body === null) return new Uint8Array(0)
  const reader: ReadableStreamDefaultReader<Uint8Array> = request.body.getReader()
  let timer: unknown
  const timeout = new Promise<'timeout'>((resolve) => {
    timer = clock.setTimer(() => resolve('timeout'), timeoutMs)
  })
  const chunks: Uint8Array[] = []
  let bytes = 0
  try {
    for (;;) {
      const read = await Promise.race([reader.read(), timeout])
      if (read === 'timeout') return createRefusal('handshake-timeout', { detail: 'the body came too slowly' })
      if (read.done) break
      bytes += read.value.length
      if (bytes > maxBytes + drainBytes) return createRefusal('message-too-large')
      if (bytes <= maxBytes) chunks.push(read.value)
      else chunks.length = 0
    }
  } catch (error) {
    return createRefusal('connection-lost', { detail: 'the body broke off', cause: error })
  } finally {
    clock.clearTimer(timer)
  }
  return bytes > maxBytes ? createRefusal('message-too-large') : concatenate(chunks, bytes)
}

function concatenate(chunks: readonly Uint8Array[], length: number): Uint8Array {
  if (chunks.length === 1) return chunks[0]!
  const whole = new Uint8Array(length)
  let offset = 0
  for (const chunk of chunks) {
    whole.set(chunk, offset)
    offset += chunk.length
  }
  return whole
}
