import type { TicketKind, TicketProblem } from '../ports/backend.ts'
import type { AppId, SteamId } from '../steam-id.ts'
import { base64Digit } from './bytes-from-text.ts'
import type { InspectedTicket, TicketDlc } from './inspected-ticket.ts'
import { readUint16, readUint32, ticketLayout } from './layout.ts'
import { playerHighBits } from './structure.ts'

const { offsets, steamPartBytes } = ticketLayout

/**
 * The reading that an inspector gives. Getters on the prototype over private fields: little to allocate
 * for tickets that are refused, and nothing of the ticket to be found by whoever enumerates it.
 */
export class Inspection implements InspectedTicket {
  readonly #data: Uint8Array
  readonly #sha256Base64Url: (data: Uint8Array) => string
  readonly #isWellFormed: boolean
  readonly #kind: TicketKind | undefined
  readonly #inputForm: InspectedTicket['inputForm']
  readonly #trailingBytes: number
  readonly #signature: InspectedTicket['signature']
  readonly #problems: readonly TicketProblem[]
  #digest: string | undefined
  #fingerprint: string | undefined
  #steamId: SteamId | undefined

  constructor(
    sha256Base64Url: (data: Uint8Array) => string,
    data: Uint8Array,
    isWellFormed: boolean,
    kind: TicketKind | undefined,
    inputForm: InspectedTicket['inputForm'],
    trailingBytes: number,
    signature: InspectedTicket['signature'],
    problems: readonly TicketProblem[],
  ) {
    this.#sha256Base64Url = sha256Base64Url
    this.#data = data
    this.#isWellFormed = isWellFormed
    this.#kind = kind
    this.#inputForm = inputForm
    this.#trailingBytes = trailingBytes
    this.#signature = signature
    this.#problems = problems
  }

  // --- TicketReading ---

  get data(): Uint8Array {
    return this.#data
  }

  get kind(): TicketKind | undefined {
    return this.#kind
  }

  get appId(): AppId | undefined {
    return this.#uint32(offsets.appId)
  }

  get steamId(): SteamId | undefined {
    if (this.#steamId === undefined && this.#isWellFormed && namesOnePlayer(this.#data)) {
      this.#steamId = this.#uint64(offsets.ownershipSteamId)
    }
    return this.#steamId
  }

  get digest(): string {
    this.#digest ??= this.#sha256Base64Url(this.#data)
    return this.#digest
  }

  /** Of the part alone that Steam's own clients and servers send to Steam: the rest can be exchanged. */
  get replayKey(): string {
    return this.#isWellFormed ? this.#sha256Base64Url(this.#data.subarray(0, steamPartBytes)) : this.digest
  }

  get fingerprint(): string {
    this.#fingerprint ??= hexOfBase64Url(this.digest, 8)
    return this.#fingerprint
  }

  get signature(): InspectedTicket['signature'] {
    return this.#signature
  }

  get problems(): readonly TicketProblem[] {
    return this.#problems
  }

  // --- how it came ---

  get isWellFormed(): boolean {
    return this.#isWellFormed
  }

  get inputForm(): InspectedTicket['inputForm'] {
    return this.#inputForm
  }

  get trailingBytes(): number {
    return this.#trailingBytes
  }

  // --- the unsigned half ---

  get gcToken(): string | undefined {
    return this.#uint64(offsets.gcToken)
  }

  get issuerSteamId(): SteamId | undefined {
    return this.#uint64(offsets.issuerSteamId)
  }

  get tokenIssuedAt(): Date | undefined {
    return this.#date(offsets.tokenTime)
  }

  get sessionHeaderVersion(): number | undefined {
    return this.#uint32(offsets.sessionHeaderVersion)
  }

  get ticketType(): number | undefined {
    return this.#uint32(offsets.ticketType)
  }

  get sessionBytes(): Uint8Array | undefined {
    return this.#isWellFormed ? this.#data.subarray(offsets.sessionBytes, offsets.clientClock) : undefined
  }

  get clientClockMs(): number | undefined {
    return this.#uint32(offsets.clientClock)
  }

  get ticketCounter(): number | undefined {
    return this.#uint32(offsets.ticketCounter)
  }

  // --- the ownership part ---

  get ownershipVersion(): number | undefined {
    return this.#uint32(offsets.ownershipVersion)
  }

  get ownershipSteamId(): SteamId | undefined {
    return this.#uint64(offsets.ownershipSteamId)
  }

  get externalIp(): string | undefined {
    return this.#address(offsets.externalIp)
  }

  get internalIp(): string | undefined {
    return this.#address(offsets.internalIp)
  }

  get ownershipFlags(): number | undefined {
    return this.#uint32(offsets.ownershipFlags)
  }

  get generatedAt(): Date | undefined {
    return this.#date(offsets.generated)
  }

  get expiresAt(): Date | undefined {
    return this.#date(offsets.expires)
  }

  get licenses(): readonly number[] {
    return this.#isWellFormed ? readUint32List(this.#data, offsets.licenseCount) : []
  }

  get dlc(): readonly TicketDlc[] {
    if (!this.#isWellFormed) return []
    const dlc: TicketDlc[] = []
    let offset = offsets.licenseCount + 2 + 4 * readUint16(this.#data, offsets.licenseCount)
    const count = readUint16(this.#data, offset)
    offset += 2
    for (let i = 0; i < count; i++) {
      const licenses = readUint32List(this.#data, offset + 4)
      dlc.push({ appId: readUint32(this.#data, offset), licenses })
      offset += 6 + 4 * licenses.length
    }
    return dlc
  }

  // --- shown, never the bytes ---

  toJSON(): Record<string, unknown> {
    return {
      kind: this.kind,
      appId: this.appId,
      steamId: this.steamId,
      fingerprint: this.fingerprint,
      signature: this.signature,
      problems: this.problems.map((problem) => problem.code),
    }
  }

  /** What `console.log` shows under Node, which would otherwise run the getters on request. */
  [Symbol.for('nodejs.util.inspect.custom')](): Record<string, unknown> {
    return this.toJSON()
  }

  // --- reading ---

  #uint32(offset: number): number | undefined {
    return this.#isWellFormed ? readUint32(this.#data, offset) : undefined
  }

  #uint64(offset: number): string | undefined {
    if (!this.#isWellFormed) return undefined
    const low = readUint32(this.#data, offset)
    const high = readUint32(this.#data, offset + 4)
    if (high === playerHighBits) return playerSteamId(low)
    return ((BigInt(high) << 32n) | BigInt(low)).toString()
  }

  #date(offset: number): Date | undefined {
    return this.#isWellFormed ? new Date(readUint32(this.#data, offset) * 1000) : undefined
  }

  #address(offset: number): string | undefined {
    if (!this.#isWellFormed) return undefined
    const data = this.#data
    return `${data[offset + 3]}.${data[offset + 2]}.${data[offset + 1]}.${data[offset]}`
  }
}

/** Whether both halves of a well-formed ticket name the same player of the public universe. */
function namesOnePlayer(data: Uint8Array): boolean {
  return isOfPlayer(data) && !isSpliced(data)
}

/** Whether the two halves of a well-formed ticket name different SteamIDs. */
export function isSpliced(data: Uint8Array): boolean {
  return (
    readUint32(data, offsets.issuerSteamId) !== readUint32(data, offsets.ownershipSteamId) ||
    readUint32(data, offsets.issuerSteamId + 4) !== readUint32(data, offsets.ownershipSteamId + 4)
  )
}

/** Whether the signed half of a well-formed ticket names a player of the public universe. */
export function isOfPlayer(data: Uint8Array): boolean {
  return (
    readUint32(data, offsets.ownershipSteamId + 4) === playerHighBits &&
    readUint32(data, offsets.ownershipSteamId) !== 0
  )
}

function readUint32List(data: Uint8Array, offset: number): number[] {
  const count = readUint16(data, offset)
  const list: number[] = []
  for (let i = 0; i < count; i++) list.push(readUint32(data, offset + 2 + 4 * i))
  return list
}

/**
 * The SteamID of a player by the account number: 0x0110000100000000 is 76561197960265728. Made of characters,
 * because V8 keeps a long text that was put together of two as a pair of them, twice the size, and every player's
 * id is held for as long as they are inside.
 */
function playerSteamId(accountNumber: number): SteamId {
  const behind = 197_960_265_728 + accountNumber
  const high = Math.floor(behind / 1_000_000)
  const low = behind % 1_000_000
  return String.fromCharCode(
    // 76561
    0x37,
    0x36,
    0x35,
    0x36,
    0x31,
    digitOf(high, 100_000),
    digitOf(high, 10_000),
    digitOf(high, 1_000),
    digitOf(high, 100),
    digitOf(high, 10),
    digitOf(high, 1),
    digitOf(low, 100_000),
    digitOf(low, 10_000),
    digitOf(low, 1_000),
    digitOf(low, 100),
    digitOf(low, 10),
    digitOf(low, 1),
  )
}

function digitOf(value: number, place: number): number {
  return 0x30 + (Math.floor(value / place) % 10)
}

/** The character code of a hex digit, lower case. */
function hexCode(value: number): number {
  return value < 10 ? 0x30 + value : 0x57 + value
}

/** The first base64url digits in lower-case hex. `digits` is a multiple of 4: whole bytes. */
function hexOfBase64Url(text: string, digits: number): string {
  let hex = ''
  for (let i = 0; i < digits; i += 4) {
    const bits =
      (base64Digit(text.charCodeAt(i)) << 18) |
      (base64Digit(text.charCodeAt(i + 1)) << 12) |
      (base64Digit(text.charCodeAt(i + 2)) << 6) |
      base64Digit(text.charCodeAt(i + 3))
    hex += String.fromCharCode(
      hexCode(bits >> 20),
      hexCode((bits >> 16) & 15),
      hexCode((bits >> 12) & 15),
      hexCode((bits >> 8) & 15),
      hexCode((bits >> 4) & 15),
      hexCode(bits & 15),
    )
  }
  return hex
}
