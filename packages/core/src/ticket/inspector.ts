import type { TicketKind, TicketProblem } from '../ports/backend.ts'
import { type AppId, isAppId } from '../steam-id.ts'
import { copyBytes, findNativeBytes } from './bytes-from-text.ts'
import { decodeTicketText, defaultMaxTicketBytes, isTextInBytes } from './decode-text.ts'
import type { InspectedTicket } from './inspected-ticket.ts'
import { Inspection, isOfPlayer, isSpliced } from './inspection.ts'
import { readUint32, ticketLayout } from './layout.ts'
import { ticketProblems } from './problems.ts'
import { checkStructure, encryptedTicketEnd, ticketEnd } from './structure.ts'

/** How to inspect. */
export interface TicketInspectorOptions {
  /** SHA-256 of some bytes in base64url without padding: 43 characters. */
  readonly sha256Base64Url: (data: Uint8Array) => string
  /** Whether Steam's signature (RSA, SHA-1, PKCS#1 v1.5) over `signed` holds. A throw counts as no. */
  readonly verifySignature: (signed: Uint8Array, signature: Uint8Array) => boolean
  /** Kinds that will be verified; others are a problem. @default `webapi` and `session` */
  readonly kinds?: readonly TicketKind[] | undefined
  /** Apps whose tickets are wanted; others are a problem. @default any */
  readonly appIds?: readonly AppId[] | undefined
  /** Milliseconds since 1970, UTC. @default `Date.now` */
  readonly now?: (() => number) | undefined
  /**
   * Longest input in bytes, what trails behind the ticket included; text may be twice as long. From 230 to
   * 65,536.
   *
   * @default 8192
   */
  readonly maxTicketBytes?: number | undefined
  /**
   * Whether the signature is also checked of tickets that are refused for something else. For a diagnosis;
   * a gate leaves it off, so that a ticket of another app costs no RSA.
   *
   * @default false
   */
  readonly alwaysCheckSignature?: boolean | undefined
}

/** Reads one ticket. Total: any value gives a reading. */
export type TicketInspector = (
  ticket: Uint8Array | string,
  options?: {
    /** Whether a ticket without other problems has its signature checked. @default true */
    readonly checkSignature?: boolean | undefined
  },
) => InspectedTicket

const { offsets, headerBytes, signatureBytes, ticketTypes } = ticketLayout
const loopback = 0x7f000001
const dayMs = 86_400_000
const nothing = new Uint8Array(0)
const none: readonly TicketProblem[] = Object.freeze([])

/**
 * Makes the function that reads tickets and judges them by their own bytes: shape, kind, app, both
 * SteamIDs, dates and Steam's signature. A filter and a diagnosis, never an authentication. Never throws,
 * never takes more than time linear in `maxTicketBytes`, keeps no state between tickets.
 *
 * @throws TypeError naming the option that is wrong.
 */
export function createTicketInspector(options: TicketInspectorOptions): TicketInspector {
  const { sha256Base64Url, verifySignature } = options
  requireFunction('sha256Base64Url', sha256Base64Url)
  requireFunction('verifySignature', verifySignature)
  const now = options.now ?? Date.now
  requireFunction('now', now)
  const kinds = readKinds(options.kinds)
  const appIds = readAppIds(options.appIds)
  const maxTicketBytes = options.maxTicketBytes ?? defaultMaxTicketBytes
  if (!Number.isInteger(maxTicketBytes) || maxTicketBytes < ticketLayout.minTicketBytes || maxTicketBytes > 65_536) {
    throw new TypeError(`"maxTicketBytes" must be an integer from 230 to 65536, got ${String(maxTicketBytes)}`)
  }
  const alwaysCheckSignature = options.alwaysCheckSignature ?? false
  if (typeof alwaysCheckSignature !== 'boolean') throw new TypeError('"alwaysCheckSignature" must be a boolean')
  const acceptsSession = kinds.includes('session')
  const acceptsWebapi = kinds.includes('webapi')
  const acceptsEncrypted = kinds.includes('encrypted')
  // Most gates know one app, and comparing two numbers beats any search.
  const onlyAppId = appIds?.length === 1 ? appIds[0] : undefined

  // What holds no ticket of any kind is not kept, so every such input has the same reading.
  const refusals: ReadonlyMap<TicketProblem, InspectedTicket> = new Map(
    Object.values(ticketProblems).map((problem) => [
      problem,
      new Inspection(sha256Base64Url, nothing, false, undefined, undefined, 0, 'unchecked', alone(problem)),
    ]),
  )
  const refuse = (problem: TicketProblem) => refusals.get(problem) as InspectedTicket

  return function inspectTicket(ticket, checks) {
    const input =
      typeof ticket === 'string' ? decodeTicketText(ticket, maxTicketBytes) : takeBytes(ticket, maxTicketBytes)
    return input.ok ? readTicket(input.bytes, input.form, checks?.checkSignature ?? true) : refuse(input.problem)
  }

  function readTicket(bytes: Uint8Array, form: InspectedTicket['inputForm'], checkSignature: boolean): InspectedTicket {
    const structureProblem = checkStructure(bytes)
    if (structureProblem) return refuseBytes(structureProblem, bytes, form)

    const end = ticketEnd(bytes)
    const data = bytes.length === end ? bytes : bytes.subarray(0, end)
    const kind = kindOfType(readUint32(data, offsets.ticketType))
    let problems = judge(data, kind)
    let signature: InspectedTicket['signature'] = 'unchecked'
    if (checkSignature && (problems.length === 0 || alwaysCheckSignature)) {
      signature = holds(data) ? 'valid' : 'invalid'
    }
    if (signature !== 'valid' && looksEmulated(data)) problems = [ticketProblems['emulator-lookalike'], ...problems]
    else if (signature === 'invalid') problems = [ticketProblems['bad-signature'], ...problems]
    return new Inspection(sha256Base64Url, data, true, kind, form, bytes.length - end, signature, problems)
  }

  /** Everything but the signature, the gravest first. */
  function judge(data: Uint8Array, kind: TicketKind | undefined): readonly TicketProblem[] {
    let found = none
    if (isSpliced(data)) found = add(found, ticketProblems.spliced)
    if (!isOfPlayer(data)) found = add(found, ticketProblems['not-a-player'])
    if (kind === undefined) found = add(found, ticketProblems['unknown-type'])
    else if (kind === 'session' && !acceptsSession) found = add(found, ticketProblems['wrong-kind-session'])
    else if (kind === 'webapi' && !acceptsWebapi) found = add(found, ticketProblems['wrong-kind-webapi'])
    const appId = readUint32(data, offsets.appId)
    if (appIds && appId !== onlyAppId && !appIds.includes(appId)) found = add(found, ticketProblems['wrong-app'])
    const nowMs = now()
    if (readUint32(data, offsets.expires) * 1000 <= nowMs) found = add(found, ticketProblems.expired)
    else if (readUint32(data, offsets.generated) * 1000 > nowMs + dayMs) {
      found = add(found, ticketProblems['not-yet-valid'])
    }
    return found
  }

  function holds(data: Uint8Array): boolean {
    const signatureOffset = data.length - signatureBytes
    try {
      return verifySignature(data.subarray(headerBytes, signatureOffset), data.subarray(signatureOffset)) === true
    } catch {
      return false
    }
  }

  function refuseBytes(problem: TicketProblem, bytes: Uint8Array, form: InspectedTicket['inputForm']): InspectedTicket {
    if (problem === ticketProblems['not-a-ticket']) return refuse(problem)
    if (problem !== ticketProblems['encrypted-app-ticket']) {
      return new Inspection(sha256Base64Url, bytes, false, undefined, form, 0, 'unchecked', alone(problem))
    }
    const end = encryptedTicketEnd(bytes)
    const problems = acceptsEncrypted ? none : alone(problem)
    const data = bytes.subarray(0, end)
    return new Inspection(sha256Base64Url, data, false, 'encrypted', form, bytes.length - end, 'unchecked', problems)
  }
}

function kindOfType(type: number): TicketKind | undefined {
  if (type === ticketTypes.webapi) return 'webapi'
  return type === ticketTypes.session ? 'session' : undefined
}

/** The addresses that emulators fill in, which Steam never sees a player under, or no signature at all. */
function looksEmulated(data: Uint8Array): boolean {
  if (readUint32(data, offsets.externalIp) === loopback && readUint32(data, offsets.internalIp) === loopback)
    return true
  for (let i = data.length - signatureBytes; i < data.length; i++) {
    if (data[i] !== 0) return false
  }
  return true
}

// --- problems, sharing the lists of one ---

const lists: ReadonlyMap<TicketProblem, readonly TicketProblem[]> = new Map(
  Object.values(ticketProblems).map((problem) => [problem, Object.freeze([problem])]),
)

function alone(problem: TicketProblem): readonly TicketProblem[] {
  return lists.get(problem) ?? [problem]
}

function add(found: readonly TicketProblem[], problem: TicketProblem): readonly TicketProblem[] {
  return found.length === 0 ? alone(problem) : [...found, problem]
}

// --- input ---

type TakenBytes =
  | { readonly ok: true; readonly bytes: Uint8Array; readonly form: 'bytes' }
  | { readonly ok: false; readonly problem: TicketProblem }

/**
 * The bytes in memory of our own, so that what was checked is what is later sent: the caller's buffer may
 * be reused, detached or shared with another thread.
 */
function takeBytes(input: unknown, maxTicketBytes: number): TakenBytes {
  try {
    if (!ArrayBuffer.isView(input)) return { ok: false, problem: ticketProblems['not-bytes-or-text'] }
    const view = input instanceof Uint8Array ? input : new Uint8Array(input.buffer, input.byteOffset, input.byteLength)
    if (view.length === 0) return { ok: false, problem: ticketProblems.empty }
    if (view.length > maxTicketBytes) return { ok: false, problem: ticketProblems['too-long'] }
    if (isTextInBytes(view)) return { ok: false, problem: ticketProblems['double-encoded'] }
    return { ok: true, bytes: copyBytes(view, findNativeBytes()), form: 'bytes' }
  } catch {
    // Subclasses can throw from anywhere.
    return { ok: false, problem: ticketProblems['not-bytes-or-text'] }
  }
}

// --- options ---

function requireFunction(name: string, value: unknown): void {
  if (typeof value !== 'function') throw new TypeError(`"${name}" must be a function, got ${typeof value}`)
}

function readKinds(kinds: readonly TicketKind[] = ['webapi', 'session']): readonly TicketKind[] {
  const known: readonly unknown[] = ['webapi', 'session', 'encrypted']
  if (!Array.isArray(kinds) || kinds.length === 0 || !kinds.every((kind) => known.includes(kind))) {
    throw new TypeError('"kinds" must be a list of one or more of "webapi", "session" and "encrypted"')
  }
  return [...kinds]
}

function readAppIds(appIds: readonly AppId[] | undefined): readonly AppId[] | undefined {
  if (appIds === undefined) return undefined
  if (!Array.isArray(appIds) || appIds.length === 0 || !appIds.every(isAppId)) {
    throw new TypeError('"appIds" must be a list of one or more integers from 1 to 4294967295')
  }
  return [...appIds]
}
