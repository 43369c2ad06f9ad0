import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  type Admission,
  type Connection,
  encodeMessage,
  type Gate,
  isTicketgateMessage,
  type Refusal,
  toEndedMessage,
  toRefusedMessage,
} from '@ticketgate/core'
import { ClientHandshake, refusalFromBody, refusalFromClose, textToBase64Url } from '@ticketgate/core/client'
import {
  type ConnectionSubject,
  type ContractArrival,
  type ContractClient,
  connectionContract,
} from '@ticketgate/simulator/contract'
import { guard } from '@ticketgate/ws'
import { type JoinOptions, join } from '@ticketgate/ws/client'
import { WebSocket } from 'ws'
import { skip } from '../support/skip.ts'

type Mode = NonNullable<JoinOptions['mode']>

async function createWsSubject(gate: Gate, mode: Mode): Promise<ConnectionSubject> {
  const server = createServer()
  const guarded = guard(server, gate, { mode: mode === 'message' ? 'message' : 'upgrade' })
  const arrivals: ContractArrival[] = []
  const sockets: WebSocket[] = []
  guarded.on('connection', (socket, _request, admission) => {
    const heard: string[] = []
    socket.on('message', (data) => heard.push(String(data)))
    arrivals.push({ admission, heard, send: (text) => socket.send(text) })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`

  /** Upgrades with tickets in both places where one may be: the second one is what is one too many. */
  function open(texts: readonly string[]): WebSocket {
    const [first = '', second] = texts.map(textToBase64Url)
    const subprotocols = (ticket: string): string[] => ['ticketgate.v1', `ticketgate.ticket.${ticket}`]
    if (mode === 'message') return new WebSocket(url)
    if (mode === 'subprotocol' && second === undefined) return new WebSocket(url, subprotocols(first))
    const headers = { authorization: `Ticketgate ${first}` }
    return new WebSocket(url, second === undefined ? [] : subprotocols(second), { headers })
  }

  return {
    arrivals,
    async join(source) {
      const joined = await join(url, { source, mode, WebSocket, hello: () => gate.hello() })
      if (!joined.ok) return joined
      const { socket } = joined
      const heard: string[] = []
      sockets.push(socket)
      socket.on('message', (data) => heard.push(String(data)))
      return { ...joined, heard, send: (text) => socket.send(text), drop: () => socket.terminate() }
    },
    async present(texts) {
      const socket = open(texts)
      sockets.push(socket)
      socket.on('error', () => {})
      const answered = new Promise<string | undefined>((resolve) => {
        socket.on('unexpected-response', (_request, response) => {
          let body = ''
          response.on('data', (data) => {
            body += data
          })
          response.on('end', () => resolve(refusalFromBody(JSON.parse(body))?.code))
        })
        socket.on('close', (code, reason) => resolve(refusalFromClose(code, String(reason))?.code))
      })
      if (mode === 'message') {
        await once(socket, 'open')
        for (const text of texts) socket.send(text)
      }
      return answered
    },
    async dispose() {
      const closed = guarded.close()
      for (const socket of sockets) socket.terminate()
      await closed
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** The least a transport can be: two queues of text in one process. */
async function createPairSubject(gate: Gate): Promise<ConnectionSubject> {
  const arrivals: ContractArrival[] = []
  const pairs: Pair[] = []

  function connect(client: { receive(text: string): void; closed(closeCode?: number, reason?: string): void }): Pair {
    const pair = new Pair(gate, client, arrivals)
    pairs.push(pair)
    return pair
  }

  return {
    arrivals,
    async join(source) {
      const heard: string[] = []
      let handshake: ClientHandshake | undefined
      const pair = connect({
        receive: (text) => {
          if (handshake?.receive(text) !== true) heard.push(text)
        },
        closed: (closeCode, reason) => handshake?.closed(closeCode, reason),
      })
      handshake = new ClientHandshake({
        source,
        transport: { send: (text) => pair.toServer(text), close: (code) => pair.clientCloses(code === 1000) },
      })
      pair.open()
      const outcome = await handshake.outcome
      if (!outcome.ok) return outcome
      return {
        ...outcome,
        heard,
        ended: handshake.ended,
        send: (text) => pair.toServer(text),
        leave: () => handshake?.leave(),
        drop: () => pair.clientCloses(false),
      } satisfies ContractClient
    },
    present(texts) {
      return new Promise((resolve) => {
        const pair = connect({
          receive() {},
          closed: (closeCode, reason) => resolve(refusalFromClose(closeCode, reason)?.code),
        })
        pair.open()
        for (const text of texts) pair.toServer(text)
      })
    },
    async dispose() {
      for (const pair of pairs) pair.clientCloses(true)
      await new Promise((resolve) => setImmediate(resolve))
    },
  }
}

class Pair implements Connection {
  readonly address = undefined
  readonly renewable = true
  readonly #gate: Gate
  readonly #client: { receive(text: string): void; closed(closeCode?: number, reason?: string): void }
  readonly #arrivals: ContractArrival[]
  readonly #heard: string[] = []
  #handshake: ReturnType<Gate['open']> | undefined
  #admission: Admission | undefined
  #expectsTicket = false
  #isClosed = false

  constructor(
    gate: Gate,
    client: { receive(text: string): void; closed(closeCode?: number, reason?: string): void },
    arrivals: ContractArrival[],
  ) {
    this.#gate = gate
    this.#client = client
    this.#arrivals = arrivals
  }

  open(): void {
    this.#handshake = this.#gate.open(this)
  }

  toServer(text: string): void {
    setImmediate(() => {
      if (this.#isClosed) return
      if (this.#admission === undefined) this.#handshake?.receive(text)
      else if (this.#expectsTicket && isTicketgateMessage(text)) this.#admission.receive(text)
      else this.#heard.push(text)
    })
  }

  /** The client goes, with or without a goodbye. */
  clientCloses(clean: boolean): void {
    setImmediate(() => {
      if (this.#isClosed) return
      this.#isClosed = true
      if (this.#admission === undefined) this.#handshake?.closed()
      else this.#admission.closed(clean)
      this.#client.closed(clean ? 1000 : 1006, '')
    })
  }

  // --- the port ---

  admitted(admission: Admission): void {
    this.#admission = admission
    this.#arrivals.push({ admission, heard: this.#heard, send: (text) => this.#toClient(text) })
  }

  send(message: Parameters<Connection['send']>[0]): void {
    this.#toClient(encodeMessage(message))
  }

  close(refusal: Refusal): void {
    if (this.#isClosed) return
    this.send(this.#admission === undefined ? toRefusedMessage(refusal) : toEndedMessage(refusal))
    this.#isClosed = true
    setImmediate(() => this.#client.closed(refusal.closeCode, refusal.code))
  }

  expectTicket(expected: boolean): void {
    this.#expectsTicket = expected
  }

  #toClient(text: string): void {
    if (!this.#isClosed) setImmediate(() => this.#client.receive(text))
  }
}

const subjects: [string, (gate: Gate) => Promise<ConnectionSubject>][] = [
  ['ws, in band', (gate) => createWsSubject(gate, 'message')],
  ['ws, in a header', (gate) => createWsSubject(gate, 'header')],
  ['ws, in a sub-protocol', (gate) => createWsSubject(gate, 'subprotocol')],
  ['a pair in memory', createPairSubject],
]

for (const [name, make] of subjects) {
  describe(`connection contract: ${name}`, () => {
    for (const contractCase of connectionContract(make)) {
      it(contractCase.name, async function () {
        if (contractCase.skip !== undefined) skip(this, contractCase.skip)
        await contractCase.run()
      })
    }
  })
}
