import { createRefusal, type Refusal } from '../codes/refusal.ts'
import type { TicketKind } from '../ports/backend.ts'
import { type AppId, isAppId, isSteamId, type SteamId } from '../steam-id.ts'
import type {
  AdmittedMessage,
  EndedMessage,
  HelloMessage,
  RefusedMessage,
  RenewMessage,
  ServerMessage,
} from './messages.ts'
import { messagePrefix, protocolVersion } from './messages.ts'
import { isTicketKind, maxIdentityLength, own, parseJson, protocolError, readText } from './parse.ts'

/** Longest server message a client reads, in bytes. */
export const maxServerMessageBytes = 65_536

/**
 * Reads what a server sent. Total: any input gives an answer and nothing is thrown. Unknown fields are
 * ignored, and so are kinds of ticket that this version does not know (`kinds` may come out empty).
 *
 * @returns `version-unsupported` for the hello of another protocol version, otherwise `protocol-error` or
 * `message-too-large` for what is no server message.
 */
export function parseServerMessage(
  data: string | Uint8Array,
  maxBytes: number = maxServerMessageBytes,
): { readonly ok: true; readonly message: ServerMessage } | Refusal {
  const text = readText(data, maxBytes)
  if (typeof text !== 'string') return text
  if (!text.startsWith(messagePrefix)) return protocolError('not a message of this protocol')
  const value = parseJson(text)
  // After that prefix valid JSON is an object.
  return value === undefined ? protocolError('not JSON') : checkServerMessage(value)
}

/** The same for a message that arrived as a value, the JSON body of an HTTP answer for example. */
export function checkServerMessage(value: unknown): { readonly ok: true; readonly message: ServerMessage } | Refusal {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return protocolError('not an object')
  try {
    const message = checkFields(value)
    if (message === undefined) return protocolError('a field is missing or has the wrong type')
    return 'ok' in message ? message : { ok: true, message }
  } catch {
    return protocolError('not a plain object')
  }
}

function checkFields(value: object): ServerMessage | Refusal | undefined {
  switch (own(value, 'ticketgate')) {
    case 'hello':
      return checkHello(value)
    case 'admitted':
      return checkAdmitted(value)
    case 'refused':
      return checkNo('refused', value)
    case 'ended':
      return checkNo('ended', value)
    case 'renew':
      return checkRenew(value)
    default:
      return protocolError('an unknown type of message')
  }
}

function checkHello(value: object): HelloMessage | Refusal | undefined {
  const version = own(value, 'version')
  if (!Number.isInteger(version)) return undefined
  // The rest of another version's hello may mean anything.
  if (version !== protocolVersion) return createRefusal('version-unsupported')
  const wanted = checkWanted(value)
  const timeoutMs = own(value, 'timeoutMs')
  if (wanted === undefined || !isDuration(timeoutMs)) return undefined
  return { ticketgate: 'hello', version: protocolVersion, ...wanted, timeoutMs }
}

function checkRenew(value: object): RenewMessage | undefined {
  const wanted = checkWanted(value)
  const reason = own(value, 'reason')
  const deadlineMs = own(value, 'deadlineMs')
  if (wanted === undefined || !isShortText(reason) || !isDuration(deadlineMs)) return undefined
  return { ticketgate: 'renew', reason, deadlineMs, ...wanted }
}

function checkAdmitted(value: object): AdmittedMessage | undefined {
  const steamId = own(value, 'steamId')
  const ownerSteamId = own(value, 'ownerSteamId')
  const session = own(value, 'session')
  const renewable = own(value, 'renewable')
  if (!isSteamId(steamId) || !isSteamId(ownerSteamId)) return undefined
  if (!isShortText(session) || typeof renewable !== 'boolean') return undefined
  return { ticketgate: 'admitted', steamId, ownerSteamId, session, renewable }
}

function checkNo<T extends 'refused' | 'ended'>(
  ticketgate: T,
  value: object,
): ((RefusedMessage | EndedMessage) & { readonly ticketgate: T }) | undefined {
  const code = own(value, 'code')
  const message = own(value, 'message')
  const retryable = own(value, 'retryable')
  const customCode = own(value, 'customCode')
  const retryAfterMs = own(value, 'retryAfterMs')
  if (!isShortText(code) || typeof message !== 'string' || typeof retryable !== 'boolean') return undefined
  if (customCode !== undefined && !isShortText(customCode)) return undefined
  if (retryAfterMs !== undefined && !(retryAfterMs === 0 || isDuration(retryAfterMs))) return undefined
  return {
    ticketgate,
    code,
    ...(customCode !== undefined && { customCode }),
    message,
    retryable,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  } as (RefusedMessage | EndedMessage) & { readonly ticketgate: T }
}

/** Which ticket the server wants; the part that `hello` and `renew` share. */
interface Wanted {
  readonly apps: readonly AppId[]
  readonly kinds: readonly TicketKind[]
  readonly identity: string
  readonly serverSteamId?: SteamId
}

function checkWanted(value: object): Wanted | undefined {
  const apps = own(value, 'apps')
  const kinds = own(value, 'kinds')
  const identity = own(value, 'identity')
  const serverSteamId = own(value, 'serverSteamId')
  if (!Array.isArray(apps) || apps.length === 0 || !apps.every(isAppId)) return undefined
  if (!Array.isArray(kinds) || !kinds.every(isShortText)) return undefined
  if (typeof identity !== 'string' || identity.length > maxIdentityLength) return undefined
  if (serverSteamId === undefined) return { apps, kinds: kinds.filter(isTicketKind), identity }
  // A game server's SteamID is no individual account's, so only its spelling is checked.
  if (typeof serverSteamId !== 'string' || !/^[0-9]{17}$/.test(serverSteamId)) return undefined
  return { apps, kinds: kinds.filter(isTicketKind), identity, serverSteamId }
}

/** Codes, reasons and names: 1 to 64 characters. */
function isShortText(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= 64
}

/** Milliseconds above 0, within what a timer can hold. */
function isDuration(value: unknown): value is number {
  return typeof value === 'number' && value > 0 && value <= 0x7fff_ffff
}
