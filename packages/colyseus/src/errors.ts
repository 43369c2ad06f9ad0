import { ErrorCode, ServerError } from '@colyseus/core'
import { encodeMessage, type Refusal, toEndedMessage, toRefusedMessage } from '@ticketgate/core'

// Of an error thrown in a hook, code and message are all that reaches the SDK: the matchmaking route answers with
// `code` as HTTP status and `message` as text (router/default_routes.ts), the transport sends both in an ERROR frame.
// So the message is the protocol's own, as JSON: exact for programs in any language.

/** @internal The error that tells a client why it does not get in. */
export function toRefusedError(refusal: Refusal): ServerError {
  return new ServerError(ErrorCode.AUTH_FAILED, encodeMessage(toRefusedMessage(refusal)))
}

/** @internal The error that tells a client why it cannot come back, over its own connection. */
export function toEndedError(refusal: Refusal): ServerError {
  return new ServerError(refusal.closeCode, encodeMessage(toEndedMessage(refusal)))
}
