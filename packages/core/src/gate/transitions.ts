import type { AdmissionState } from './admission.ts'

/**
 * Where one connection's way through the gate stands: `waiting` for the ticket, `verifying` it, then the
 * states of its admission.
 */
export type State = 'waiting' | 'verifying' | AdmissionState

/**
 * What happens to it:
 *
 * - `ticket`: a well-formed ticket message came.
 * - `accepted`: the ticket and everything after it was found good, and the connection is there.
 * - `reserved`: the same, but the connection is still to come.
 * - `failed`: verification ended with a refusal.
 * - `attached`: a connection takes the place, first or again.
 * - `timeout`: the deadline of the present state passed.
 * - `junk`: a message that has no place here.
 * - `left`: the peer closed cleanly, or the host says that the player left.
 * - `dropped`: the connection broke, and there is a grace.
 * - `renewal`: a fresh ticket is wanted.
 * - `renewed`: another connection of the player brought one.
 * - `excused`: a fresh ticket could not be verified for Steam's sake, and policy says to keep the player.
 * - `revoked`: the session was taken back, by Steam, an operator, a newer connection, or a closing gate.
 */
export type Event =
  | 'ticket'
  | 'accepted'
  | 'reserved'
  | 'failed'
  | 'attached'
  | 'timeout'
  | 'junk'
  | 'left'
  | 'dropped'
  | 'renewal'
  | 'renewed'
  | 'excused'
  | 'revoked'

/**
 * What the runner does, in this order:
 *
 * - `verify`: show the ticket to everybody who must agree.
 * - `abort`: give up on a verification; what it opened is ended.
 * - `refuse`: tell the peer "no" and close; nothing was admitted.
 * - `forget`: the peer is gone before admission; tell nobody.
 * - `reserve`: keep the place until a connection takes it.
 * - `admit`: send `admitted`, then hand the connection to the application.
 * - `confirm`: send `admitted` again after a renewal.
 * - `ask`: send `renew` and expect a ticket on the live connection.
 * - `settle`: expect no ticket any more.
 * - `wait`: start the grace.
 * - `end`: tell the peer why it is over, close, give the place up.
 * - `release`: give the place up; there is nobody to tell.
 */
export type Effect =
  | 'verify'
  | 'abort'
  | 'refuse'
  | 'forget'
  | 'reserve'
  | 'admit'
  | 'confirm'
  | 'ask'
  | 'settle'
  | 'wait'
  | 'end'
  | 'release'

/** One cell of the table. */
export interface Transition {
  readonly to: State
  readonly effects: readonly Effect[]
}

function to(state: State, ...effects: Effect[]): Transition {
  return Object.freeze({ to: state, effects: Object.freeze(effects) })
}

/**
 * The whole life of a connection at the gate. A pair that is missing changes nothing: it is an echo of
 * something already decided. `docs/protocol.md` draws the same table and a test compares the two.
 */
export const transitions: Readonly<Record<State, Readonly<Partial<Record<Event, Transition>>>>> = Object.freeze({
  waiting: Object.freeze({
    ticket: to('verifying', 'verify'),
    timeout: to('ended', 'refuse'),
    junk: to('ended', 'refuse'),
    failed: to('ended', 'refuse'),
    left: to('ended', 'forget'),
    dropped: to('ended', 'forget'),
    revoked: to('ended', 'refuse'),
  }),
  verifying: Object.freeze({
    accepted: to('admitted', 'admit'),
    reserved: to('reserved', 'reserve'),
    failed: to('ended', 'refuse'),
    timeout: to('ended', 'abort', 'refuse'),
    junk: to('ended', 'abort', 'refuse'),
    left: to('ended', 'abort', 'forget'),
    dropped: to('ended', 'abort', 'forget'),
    revoked: to('ended', 'abort', 'refuse'),
  }),
  reserved: Object.freeze({
    attached: to('admitted', 'admit'),
    timeout: to('ended', 'release'),
    left: to('ended', 'release'),
    dropped: to('ended', 'release'),
    revoked: to('ended', 'release'),
  }),
  admitted: Object.freeze({
    left: to('ended', 'release'),
    dropped: to('away', 'wait'),
    renewal: to('renewing', 'ask'),
    revoked: to('ended', 'end'),
  }),
  renewing: Object.freeze({
    ticket: to('reverifying', 'verify'),
    timeout: to('ended', 'settle', 'end'),
    junk: to('ended', 'settle', 'end'),
    left: to('ended', 'settle', 'release'),
    dropped: to('away', 'settle', 'wait'),
    renewed: to('admitted', 'settle', 'confirm'),
    revoked: to('ended', 'settle', 'end'),
  }),
  reverifying: Object.freeze({
    accepted: to('admitted', 'settle', 'confirm'),
    failed: to('ended', 'settle', 'end'),
    timeout: to('ended', 'abort', 'settle', 'end'),
    junk: to('ended', 'abort', 'settle', 'end'),
    left: to('ended', 'abort', 'settle', 'release'),
    dropped: to('away', 'abort', 'settle', 'wait'),
    renewed: to('admitted', 'abort', 'settle', 'confirm'),
    excused: to('admitted', 'settle', 'confirm'),
    revoked: to('ended', 'abort', 'settle', 'end'),
  }),
  away: Object.freeze({
    attached: to('admitted', 'admit'),
    timeout: to('ended', 'release'),
    left: to('ended', 'release'),
    revoked: to('ended', 'release'),
  }),
  ended: Object.freeze({}),
})

/** The pure heart of the gate: (state, event) to (state, effects), or `undefined` when nothing changes. */
export function transition(state: State, event: Event): Transition | undefined {
  return transitions[state][event]
}
