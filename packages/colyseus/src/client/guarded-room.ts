import type { Room } from '@colyseus/sdk'
import {
  type ClientAdmission,
  ClientHandshake,
  type ClientHandshakeOptions,
  type Refusal,
} from '@ticketgate/core/client'
import { refusalFromError } from './refusal-from-error.ts'

/** This client is in a room. */
export interface JoinedRoom<JoinedSdkRoom = Room> {
  readonly ok: true
  /** The SDK's room, as it is without a gate. */
  readonly room: JoinedSdkRoom
  /**
   * Who the server says this is. Comes right after the room's first state, and does not hold the room up: handlers
   * registered after `await joinOrCreate(...)` miss nothing. Never rejects.
   */
  readonly admitted: Promise<ClientAdmission | Refusal>
  /** Resolves when it is over, with the refusal that ended it if one did. Never rejects. */
  readonly ended: Promise<Refusal | undefined>
  /** Leaves for good: tells the room, and cancels the ticket. The same as `room.leave()`. */
  leave(): void
}

type HandshakeExtras = Omit<ClientHandshakeOptions, 'transport'>

// Close codes of Colyseus by which nobody said goodbye; see CloseCode in @colyseus/shared-types.
const lostCodes: readonly number[] = [4002, 4003, 4010]

/** @internal Listens to a room for the protocol's messages, and lets go of the ticket when the room is over. */
export function guardRoom<SdkRoom extends Room>(room: SdkRoom, options: HandshakeExtras): JoinedRoom<SdkRoom> {
  let isOver = false
  const handshake = new ClientHandshake({
    ...options,
    transport: {
      send: (text) => room.send('ticketgate', text),
      close() {
        if (!isOver) void room.leave()
      },
    },
  })
  room.onMessage('ticketgate', (text: unknown) => {
    if (typeof text === 'string') handshake.receive(text)
  })
  room.onError((_code, message) => {
    const refusal = refusalFromError(message)
    if (refusal !== undefined) handshake.fail(refusal)
  })
  room.onLeave((closeCode, reason) => {
    isOver = true
    handshake.closed(lostCodes.includes(closeCode) ? undefined : closeCode, reason)
  })
  return Object.freeze({
    ok: true,
    room,
    admitted: handshake.outcome,
    ended: handshake.ended,
    leave: () => handshake.leave(),
  })
}
