import { filterMessages, toBytes } from '../message-filter.ts'
import { type BoundSocket, noBytes, type SocketEvents } from './web-socket-like.ts'

/** Longest body of a refused upgrade that is read, in characters. */
const maxBodyLength = 16_384

/** The part of a `ws` socket used here; written out so that this file needs no types of Node. */
export interface NodeSocket {
  on(event: 'close', listener: (closeCode: number, reason: Uint8Array) => void): unknown
  on(event: 'error', listener: () => void): unknown
  on(event: 'unexpected-response', listener: (request: unknown, response: HttpAnswer) => void): unknown
  emit(event: 'message', data: unknown, isBinary: boolean): boolean
  terminate(): void
}

interface HttpAnswer {
  readonly statusCode?: number
  setEncoding(encoding: 'utf8'): unknown
  on(event: 'data', listener: (text: string) => void): unknown
  once(event: 'end' | 'close' | 'error', listener: () => void): unknown
}

/** Whether a socket is one of `ws`: it emits, where the platform's dispatches. */
export function isNodeSocket(socket: object): socket is NodeSocket {
  return typeof (socket as Partial<NodeSocket>).on === 'function' && 'terminate' in socket
}

/** Binds a socket of `ws`. */
export function bindNodeSocket(socket: NodeSocket, events: SocketEvents): BoundSocket {
  let held: { readonly data: unknown; readonly isBinary: boolean }[] | undefined = []
  let replaying = false
  let timer: ReturnType<typeof setTimeout> | undefined

  const removeFilter = filterMessages(socket, (data, isBinary) => {
    if (replaying) return false
    if (events.message(isBinary ? noBytes : (toBytes(data) ?? noBytes))) return true
    if (held === undefined) return false
    held.push({ data, isBinary })
    return true
  })

  function replay(): void {
    clearTimeout(timer)
    const messages = held ?? []
    held = undefined
    replaying = true
    try {
      for (const { data, isBinary } of messages) socket.emit('message', data, isBinary)
    } finally {
      replaying = false
    }
  }

  // A connection that fails says so by closing as well; without a listener the error would end the process.
  socket.on('error', () => {})
  socket.on('close', (closeCode, reason) => {
    replay()
    removeFilter()
    events.closed(closeCode, new TextDecoder().decode(reason))
  })
  socket.on('unexpected-response', (_request, response) => {
    readBody(response, (body) => {
      events.httpAnswer(response.statusCode ?? 0, body)
      socket.terminate()
    })
  })
  return {
    handOver() {
      timer = setTimeout(replay, 0)
    },
  }
}

function readBody(response: HttpAnswer, done: (body: string) => void): void {
  let body = ''
  let finished = false
  function finish(): void {
    if (finished) return
    finished = true
    done(body)
  }
  response.setEncoding('utf8')
  response.on('data', (text) => {
    body += text
    if (body.length > maxBodyLength) finish()
  })
  response.once('end', finish)
  response.once('close', finish)
  response.once('error', finish)
}
