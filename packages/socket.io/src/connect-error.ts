import { type Refusal, type RefusalBody, toRefusalBody } from '@ticketgate/core'

/** What `next` takes: socket.io sends `message` and `data` to the client, as its `connect_error`. */
export interface ConnectError extends Error {
  readonly data: RefusalBody
}

/** The error that tells a client a refusal. */
export function toConnectError(refusal: Refusal): ConnectError {
  return Object.assign(new Error(refusal.message), { data: toRefusalBody(refusal) })
}
