import { matchMaker, type Presence, requestFromIPC, subscribeIPC } from '@colyseus/core'
import { createRefusal, type Gate, isRefusal, type Refusal, type SteamId } from '@ticketgate/core'

/** Whom a seat that was handed on is for, and which process has their session. */
interface HandedOn {
  readonly steamId: SteamId
  readonly admission: string
  readonly node: string
}

/** What the process that has the session answers. */
type Answer = { readonly pass: string } | { readonly code: string }

/**
 * @internal Seats that a room hands on to a room in another process carry no pass: the payload is `client.auth`, where
 * a pass would lie about, and grow old while its player waits in a queue. So the process that gets the seat asks the
 * one that made it, in the moment in which the seat is taken. The pass is bound to the player, good once, and worth
 * nothing as soon as they have left.
 */
export class HandOver {
  /** This process, in payloads that travel. */
  readonly #node: string
  readonly #gate: Gate
  readonly #answering = new WeakSet<Presence>()

  constructor(gate: Gate, node: string) {
    this.#gate = gate
    this.#node = node
  }

  /** Whether a player can be taken over from another process at all. */
  get isPossible(): boolean {
    return this.#gate.canExchange && this.#gate.backend.sessionModel === 'one-shot'
  }

  /** Answers other processes, from now on. */
  answer(): void {
    const { presence } = matchMaker
    if (!this.isPossible || this.#answering.has(presence)) return
    this.#answering.add(presence)
    subscribeIPC(presence, toChannel(this.#node), (_method, [steamId, admission]) =>
      this.#issue(steamId, admission),
    ).catch(() => this.#answering.delete(presence))
  }

  /** Gets a pass for the player of a seat from the process that has their session. */
  async ask({ steamId, admission, node }: HandedOn): Promise<string | Refusal> {
    if (!this.isPossible) {
      return createRefusal('pass-invalid', {
        detail: "the player's session cannot leave the process that handed on the seat",
      })
    }
    let answer: Answer
    try {
      answer = await requestFromIPC<Answer>(matchMaker.presence, toChannel(node), 'pass', [steamId, admission])
    } catch (error) {
      return createRefusal('pass-invalid', {
        detail: 'the process that handed on the seat does not answer',
        cause: error,
      })
    }
    if (!('pass' in answer)) return createRefusal('reservation-expired', { detail: `handing on: ${answer.code}` })
    const holder = await this.#gate.checkPass(answer.pass)
    if (isRefusal(holder)) return holder
    return holder.steamId === steamId ? answer.pass : createRefusal('steam-id-mismatch')
  }

  async #issue(steamId: SteamId, admission: string): Promise<Answer> {
    const found = this.#gate.find(steamId).find((each) => each.id === admission)
    const handed = found === undefined ? createRefusal('reservation-expired') : await this.#gate.handOver(found)
    return handed.ok ? { pass: handed.pass } : { code: handed.code }
  }
}

function toChannel(node: string): string {
  return `ticketgate:${node}`
}
