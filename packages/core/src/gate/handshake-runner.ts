import { createRefusal, type Refusal } from '../codes/refusal.ts'
import { Link } from '../collections/chain.ts'
import type { TicketReading } from '../ports/backend.ts'
import type { TicketMessage } from '../protocol/messages.ts'
import { parseClientMessage } from '../protocol/parse-client.ts'
import type { Deadline } from '../time/deadlines.ts'
import type { GateContext } from './context.ts'
import type { Door } from './door.ts'
import type { Handshake } from './gate-port.ts'
import { type Effect, type Event, type State, transition } from './transitions.ts'
import { Verification, type VerificationListener, type Verified } from './verification.ts'

/** @internal Who waits at the other side of a handshake: a connection, or the caller of `authenticate`. */
export interface HandshakePeer {
  readonly address: string | undefined
  /** Whether the connection is there already, so that a good ticket admits instead of reserving. */
  readonly isConnected: boolean
  accept(verified: Verified): void
  refuse(refusal: Refusal): void
  /** Gone although it was accepted: the connection has not been handed its admission, to report that to. */
  closed?(): void
}

/** @internal One handshake, driven by the first two rows of the table in transitions.ts. */
export class HandshakeRunner extends Link<HandshakeRunner> implements Handshake, VerificationListener {
  state: State = 'waiting'
  readonly peer: HandshakePeer
  verification: Verification | undefined
  readonly #gate: GateContext
  readonly #door: Door
  #expectedIdentity: string | undefined
  #reading: TicketReading | undefined
  #deadline: Deadline | undefined

  constructor(gate: GateContext, door: Door, peer: HandshakePeer) {
    super()
    this.#gate = gate
    this.#door = door
    this.peer = peer
    // A caller of `authenticate` presents the ticket in the same turn: there is nothing to wait for.
    if (peer.isConnected) this.#deadline = gate.deadlines.add(gate.settings.handshakeTimeoutMs, onTimeout, this)
  }

  /** The identity of the hello that went out over this connection. */
  expect(identity: string): void {
    this.#expectedIdentity = identity
  }

  receive(message: string | Uint8Array): void {
    if (this.state !== 'waiting') {
      this.dispatch('junk', createRefusal('protocol-error', { detail: 'a message before admission' }))
      return
    }
    const parsed = parseClientMessage(message, this.#gate.settings.maxMessageBytes)
    if (parsed.ok) this.present(parsed.message)
    else this.dispatch('junk', parsed)
  }

  /** A ticket message that is well formed, and its reading where there is one already. */
  present(message: TicketMessage, reading?: TicketReading): void {
    this.#reading = reading
    this.dispatch('ticket', undefined, message)
  }

  closed(): void {
    this.dispatch('left')
  }

  dispatch(event: Event, refusal?: Refusal, message?: TicketMessage, verified?: Verified): void {
    const found = transition(this.state, event)
    if (found === undefined) return
    this.state = found.to
    this.#gate.deadlines.cancel(this.#deadline)
    this.#deadline = undefined
    if (found.to === 'verifying') this.#door.presented(this)
    else this.#door.settled(this)
    // By index: the engine walks over a frozen list by its slowest way.
    const { effects } = found
    for (let index = 0; index < effects.length; index++) this.#perform(effects[index]!, refusal, message, verified)
  }

  #perform(
    effect: Effect,
    refusal: Refusal | undefined,
    message: TicketMessage | undefined,
    verified: Verified | undefined,
  ): void {
    switch (effect) {
      case 'verify':
        this.#deadline = this.#gate.deadlines.add(this.#gate.settings.verdictTimeoutMs, onTimeout, this)
        this.verification = new Verification(
          this.#gate,
          {
            message: message!,
            expectedIdentity: this.#expectedIdentity,
            address: this.peer.address,
            renewalOf: undefined,
            reading: this.#reading,
          },
          this,
        )
        this.verification.start()
        break
      case 'abort':
        this.verification?.abort(refusal ?? createRefusal('connection-lost'))
        break
      case 'admit':
      case 'reserve':
        this.peer.accept(verified!)
        break
      case 'refuse':
        this.#door.refused(this, refusal!)
        this.peer.refuse(refusal!)
        break
      case 'release':
        this.peer.closed?.()
        break
      case 'forget': {
        const lost = refusal ?? createRefusal('connection-lost')
        this.#door.refused(this, lost)
        // Nobody is left to tell but a caller of `authenticate`, who wants an answer all the same.
        if (!this.peer.isConnected) this.peer.refuse(lost)
        break
      }
    }
  }

  onVerified(result: Verified | Refusal): void {
    if (!result.ok) this.dispatch('failed', result)
    else this.dispatch(this.peer.isConnected ? 'accepted' : 'reserved', undefined, undefined, result)
  }
}

function onTimeout(runner: HandshakeRunner): void {
  runner.dispatch('timeout', createRefusal(runner.state === 'verifying' ? 'verdict-timeout' : 'handshake-timeout'))
}
