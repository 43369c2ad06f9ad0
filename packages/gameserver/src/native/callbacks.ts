// Callbacks that a game server reads: ids and layouts of steam_api.json, Steamworks SDK 1.65a. CSteamID has an
// alignment of 1, so they are the same on every platform.

/** A callback, read. 64-bit ids stay two halves: most are known already and need no new text. */
export type NativeCallback =
  /** SteamServersConnected_t */
  | { readonly type: 'connected' }
  /** SteamServerConnectFailure_t */
  | { readonly type: 'connect-failed'; readonly result: number; readonly isRetrying: boolean }
  /** SteamServersDisconnected_t */
  | { readonly type: 'disconnected'; readonly result: number }
  /** GSPolicyResponse_t */
  | { readonly type: 'policy'; readonly isSecure: boolean }
  /** ValidateAuthTicketResponse_t */
  | {
      readonly type: 'verdict'
      readonly idLow: number
      readonly idHigh: number
      readonly response: number
      readonly ownerLow: number
      readonly ownerHigh: number
    }
  /** GetAuthSessionTicketResponse_t */
  | { readonly type: 'ticket'; readonly handle: number; readonly result: number }
  /** Known, of a size that cannot be. */
  | { readonly type: 'malformed'; readonly id: number; readonly bytes: number }
  | { readonly type: 'unknown'; readonly id: number; readonly bytes: number }

/** Longest payload that is read. */
export const maxPayloadBytes = 20

/** What a callback's payload must be at least, and exactly where a misread one could be believed. */
const verdictBytes = 20

/** Bytes to copy for an id; 0 where nothing is read. */
export function payloadBytes(id: number): number {
  switch (id) {
    case 143:
      return verdictBytes
    case 102:
    case 163:
      return 8
    case 103:
      return 4
    case 115:
      return 1
    default:
      return 0
  }
}

/** Reads a callback from a copy of its payload. */
export function readCallback(id: number, bytes: number, payload: DataView): NativeCallback {
  if (id === 143 ? bytes !== verdictBytes : bytes < payloadBytes(id)) return { type: 'malformed', id, bytes }
  switch (id) {
    case 143:
      return {
        type: 'verdict',
        idLow: payload.getUint32(0, true),
        idHigh: payload.getUint32(4, true),
        response: payload.getInt32(8, true),
        ownerLow: payload.getUint32(12, true),
        ownerHigh: payload.getUint32(16, true),
      }
    case 101:
      return { type: 'connected' }
    case 102:
      return { type: 'connect-failed', result: payload.getInt32(0, true), isRetrying: payload.getUint8(4) !== 0 }
    case 103:
      return { type: 'disconnected', result: payload.getInt32(0, true) }
    case 115:
      return { type: 'policy', isSecure: payload.getUint8(0) !== 0 }
    case 163:
      return { type: 'ticket', handle: payload.getUint32(0, true), result: payload.getInt32(4, true) }
    default:
      return { type: 'unknown', id, bytes }
  }
}
