/** The little of a Node socket that tells whether somebody is at its other end. */
export interface AddressedSocket {
  readonly remoteAddress?: string | undefined
  readonly localAddress?: string | undefined
  readonly destroyed?: boolean
}

/**
 * Whether a socket has lost its peer and the peer's address with it. Node asks the operating system for
 * `remoteAddress` when it is first read, and after a reset there is no answer, though the bytes that came before
 * the reset are still delivered. To a gate no address means no limit, so a stranger who resets every connection
 * behind the request would have none: hang up on such a socket and ask nobody.
 *
 * A pipe has neither address and is not lost.
 */
export function hasLostPeer(socket: AddressedSocket | undefined): boolean {
  if (socket === undefined || socket.remoteAddress !== undefined) return false
  return socket.destroyed === true || socket.localAddress !== undefined
}
