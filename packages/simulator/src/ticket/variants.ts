import type { AppId, Code, SteamId } from '@ticketgate/core'
import { assembleTicket, signatureLength, type TicketFields, ticketTypes } from './layout.ts'
import type { TicketParts } from './mint.ts'

/** What a variant is made from. */
export interface VariantMaterial {
  readonly fields: TicketFields
  /** Writes and signs, with the simulator's key. */
  readonly parts: (fields: TicketFields) => TicketParts
  /** Another player. */
  readonly stranger: SteamId
  /** An app that the ticket's verifier does not expect. */
  readonly otherAppId: AppId
  readonly junk: (length: number) => Uint8Array
}

/** What a variant comes to. */
export interface VariantTicket {
  readonly bytes: Uint8Array
  /** What is sent instead of the bytes' hex form. */
  readonly text?: string
  /** Whether Steam heard of the ticket when it was made. Default: yes. */
  readonly isKnown?: boolean
}

/** One way in which a ticket can be other than a game should send it, and who says what to it. */
export interface TicketVariant<Name extends string = string> {
  readonly name: Name
  readonly description: string
  /**
   * The gravest problem that an inspector for the wanted kind and app finds, the simulator's key being its
   * key. `undefined`: none.
   */
  readonly problems: Readonly<Record<'session' | 'webapi', string | undefined>>
  /** The refusal that follows from the bytes alone. `undefined`: the ticket may be shown to Steam. */
  readonly refusalCode: Code | undefined
  /** AuthenticateUserTicket's answer to the text as it is, when a Web API ticket was wanted. */
  readonly webApi: 'OK' | 3 | 101 | 102
  /** What BeginAuthSession returns for the bytes as they are, when a session ticket was wanted. */
  readonly beginResult: number
  readonly make: (material: VariantMaterial) => VariantTicket
}

function assemble({ head, ownership, signature }: TicketParts): Uint8Array {
  return assembleTicket(head, ownership, signature)
}

/** Most variants: the bytes of other fields, rightly signed. */
function withFields(change: (material: VariantMaterial) => Partial<TicketFields>) {
  return (material: VariantMaterial): VariantTicket => ({
    bytes: assemble(material.parts({ ...material.fields, ...change(material) })),
  })
}

/** A good ticket whose bytes are then changed. */
function withBytes(change: (bytes: Uint8Array, material: VariantMaterial) => Uint8Array) {
  return (material: VariantMaterial): VariantTicket => ({
    bytes: change(assemble(material.parts(material.fields)), material),
  })
}

/** A good ticket that is written down in another way. */
function withText(write: (bytes: Uint8Array) => string) {
  return (material: VariantMaterial): VariantTicket => {
    const bytes = assemble(material.parts(material.fields))
    return { bytes, text: write(bytes) }
  }
}

function padded(bytes: Uint8Array, length: number, filler?: Uint8Array): Uint8Array {
  const buffer = new Uint8Array(Math.max(length, bytes.length))
  if (filler) buffer.set(filler)
  buffer.set(bytes)
  return buffer
}

function flipped(bytes: Uint8Array, index: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[index] = (copy[index] as number) ^ 1
  return copy
}

/** `%X` for each byte: digits are lost below 16. One of them gets its zero when the count were even by chance. */
function unpaddedHex(bytes: Uint8Array): string {
  const pairs = [...bytes].map((byte) => byte.toString(16).toUpperCase())
  if (pairs.join('').length % 2 === 0) {
    const short = pairs.findLastIndex((pair) => pair.length === 1)
    pairs[short] = `0${pairs[short]}`
  }
  return pairs.join('')
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

function both(problem: string | undefined): TicketVariant['problems'] {
  return { session: problem, webapi: problem }
}

const list = [
  // --- not good form, yet good tickets ---
  {
    name: 'trailing-junk',
    description: 'the whole buffer of 2,560 bytes was sent, with what memory held behind the ticket',
    problems: both(undefined),
    refusalCode: undefined,
    webApi: 'OK',
    beginResult: 1,
    make: withBytes((bytes, { junk }) => padded(bytes, 2560, junk(2560))),
  },
  {
    name: 'zero-padded',
    description: 'the whole buffer of 1,024 bytes was sent, zeros behind the ticket',
    problems: both(undefined),
    refusalCode: undefined,
    webApi: 'OK',
    beginResult: 1,
    make: withBytes((bytes) => padded(bytes, 1024)),
  },
  {
    name: 'upper-case-hex',
    description: 'hex in upper case',
    problems: both(undefined),
    refusalCode: undefined,
    webApi: 'OK',
    beginResult: 0,
    make: withText((bytes) => hex(bytes).toUpperCase()),
  },
  {
    name: 'base64',
    description: 'base64 where the Web API wants hex',
    problems: both(undefined),
    refusalCode: undefined,
    webApi: 3,
    beginResult: 0,
    make: withText((bytes) => Buffer.from(bytes).toString('base64')),
  },
  {
    name: 'unknown-to-steam',
    description: 'sound and signed, but no client ever told Steam of it',
    problems: both(undefined),
    refusalCode: undefined,
    webApi: 101,
    beginResult: 0,
    make: (material) => ({ bytes: assemble(material.parts(material.fields)), isKnown: false }),
  },

  // --- a whole ticket, but not of this player, app, kind or date ---
  {
    name: 'spliced',
    description: "a stranger's signed half behind the player's own first half",
    problems: both('spliced'),
    refusalCode: 'ticket-spliced',
    webApi: 101,
    beginResult: 1,
    make: withFields(({ stranger }) => ({ steamId: stranger })),
  },
  {
    name: 'expired',
    description: 'ownership signed 22 days ago, past its date since yesterday',
    problems: both('expired'),
    refusalCode: 'ticket-expired',
    webApi: 101,
    beginResult: 5,
    make: withFields(({ fields }) => ({
      generatedSeconds: Math.max(0, fields.tokenTimeSeconds - 22 * 86_400),
      expiresSeconds: Math.max(0, fields.tokenTimeSeconds - 86_400),
    })),
  },
  {
    name: 'wrong-app',
    description: 'for another app',
    problems: both('wrong-app'),
    refusalCode: 'ticket-wrong-app',
    webApi: 102,
    beginResult: 4,
    make: withFields(({ otherAppId }) => ({ appId: otherAppId })),
  },
  {
    name: 'wrong-kind',
    description: 'GetAuthSessionTicket where GetAuthTicketForWebApi was wanted, or the reverse',
    problems: { session: 'wrong-kind-webapi', webapi: 'wrong-kind-session' },
    refusalCode: 'ticket-wrong-kind',
    webApi: 101,
    beginResult: 1,
    make: withFields(({ fields }) => ({
      type: fields.type === ticketTypes.webapi ? ticketTypes.session : ticketTypes.webapi,
    })),
  },
  {
    name: 'unknown-kind',
    description: 'a kind that nobody knows',
    problems: both('unknown-type'),
    refusalCode: 'ticket-wrong-kind',
    webApi: 101,
    beginResult: 1,
    make: withFields(() => ({ type: 7 })),
  },
  {
    name: 'wrong-universe',
    description: "a player of Steam's beta universe",
    problems: both('not-a-player'),
    refusalCode: 'ticket-wrong-kind',
    webApi: 101,
    beginResult: 1,
    make: withFields(({ fields }) => inUniverse(fields.steamId, 2n)),
  },
  {
    name: 'game-server',
    description: 'of an anonymous game server instead of a player',
    problems: both('not-a-player'),
    refusalCode: 'ticket-wrong-kind',
    webApi: 101,
    beginResult: 1,
    make: withFields(() => ({ issuer: '90071992547409921', steamId: '90071992547409921' })),
  },

  // --- not signed by Steam ---
  {
    name: 'bad-signature',
    description: 'one bit of the signature is wrong',
    problems: both('bad-signature'),
    refusalCode: 'ticket-signature-invalid',
    webApi: 101,
    beginResult: 1,
    make: withBytes((bytes) => flipped(bytes, bytes.length - 1)),
  },
  {
    name: 'tampered',
    description: 'the ownership date was moved after signing',
    problems: both('bad-signature'),
    refusalCode: 'ticket-signature-invalid',
    webApi: 101,
    beginResult: 1,
    make: withBytes((bytes) => flipped(bytes, 94)),
  },
  {
    name: 'emulator',
    description: "an emulator's look-alike: loopback addresses and a signature by a key of its own",
    problems: both('emulator-lookalike'),
    refusalCode: 'ticket-signature-invalid',
    webApi: 101,
    beginResult: 1,
    make(material) {
      const local = { externalIp: 0x7f_00_00_01, internalIp: 0x7f_00_00_01 }
      const parts = material.parts({ ...material.fields, ...local })
      return { bytes: assemble({ ...parts, signature: material.junk(signatureLength) }), isKnown: false }
    },
  },
  {
    name: 'old-emulator',
    description: "an old emulator's: 20, a SteamID and filler",
    problems: both('emulator-lookalike'),
    refusalCode: 'ticket-signature-invalid',
    webApi: 3,
    beginResult: 1,
    make({ fields, junk }) {
      const bytes = padded(new Uint8Array([20, 0, 0, 0]), 234, junk(234))
      new DataView(bytes.buffer).setBigUint64(4, BigInt(fields.steamId), true)
      return { bytes, isKnown: false }
    },
  },

  // --- bytes that are no auth ticket, or not a whole one ---
  {
    name: 'bare-ownership',
    description: 'the ownership ticket alone, as GetAppOwnershipTicketData gives it',
    problems: both('bare-ownership-ticket'),
    refusalCode: 'ticket-wrong-kind',
    webApi: 3,
    beginResult: 1,
    make: withBytes((bytes) => bytes.slice(56)),
  },
  {
    name: 'truncated',
    description: 'the last 40 bytes are missing',
    problems: both('truncated'),
    refusalCode: 'ticket-malformed',
    webApi: 3,
    beginResult: 1,
    make: withBytes((bytes) => bytes.slice(0, -40)),
  },
  {
    name: 'lying-length',
    description: 'its length field promises 4 GiB',
    problems: both('malformed'),
    refusalCode: 'ticket-malformed',
    webApi: 3,
    beginResult: 1,
    make: withBytes((bytes) => {
      new DataView(bytes.buffer).setUint32(52, 0xffff_ffff, true)
      return bytes
    }),
  },
  {
    name: 'wrong-version',
    description: 'an ownership ticket of version 3',
    problems: both('malformed'),
    refusalCode: 'ticket-malformed',
    webApi: 101,
    beginResult: 3,
    make: withFields(() => ({ version: 3 })),
  },
  {
    name: 'too-long',
    description: '20,000 bytes',
    problems: both('too-long'),
    refusalCode: 'ticket-too-long',
    webApi: 'OK',
    beginResult: 1,
    make: withBytes((bytes) => padded(bytes, 20_000)),
  },
  {
    name: 'empty',
    description: 'nothing, as when the client did not wait for Steam',
    problems: both('empty'),
    refusalCode: 'ticket-missing',
    webApi: 3,
    beginResult: 1,
    make: () => ({ bytes: new Uint8Array(0), isKnown: false }),
  },

  // --- written down wrongly ---
  {
    name: 'odd-hex',
    description: 'hex without leading zeros (%X)',
    problems: both('odd-hex'),
    refusalCode: 'ticket-malformed',
    webApi: 3,
    beginResult: 0,
    make: withText(unpaddedHex),
  },
  {
    name: 'dashed-hex',
    description: 'hex with dashes, as BitConverter.ToString writes it',
    problems: both('separated-bytes'),
    refusalCode: 'ticket-malformed',
    webApi: 3,
    beginResult: 0,
    make: withText((bytes) => (hex(bytes).match(/../g) ?? []).join('-').toUpperCase()),
  },
  {
    name: 'json-array',
    description: 'a list of numbers in JSON',
    problems: both('json-text'),
    refusalCode: 'ticket-malformed',
    webApi: 3,
    beginResult: 0,
    make: withText((bytes) => JSON.stringify([...bytes])),
  },
  {
    name: 'utf8-mangled',
    description: 'the raw bytes pushed through UTF-8',
    problems: both('binary-as-text'),
    refusalCode: 'ticket-malformed',
    webApi: 3,
    beginResult: 0,
    make: withText((bytes) => new TextDecoder().decode(bytes)),
  },
] as const satisfies readonly TicketVariant[]

function inUniverse(steamId: SteamId, universe: bigint): Pick<TicketFields, 'issuer' | 'steamId'> {
  const changed = ((BigInt(steamId) & 0x00ff_ffff_ffff_ffffn) | (universe << 56n)).toString()
  return { issuer: changed, steamId: changed }
}

/** Names of {@link malformedVariants}. */
export type TicketVariantName = (typeof list)[number]['name']

/**
 * Every way in which tickets go wrong in the field, with what an inspector, the Web API and
 * BeginAuthSession say to each; for tables in tests. Some look wrong and are good.
 */
export const malformedVariants: readonly TicketVariant<TicketVariantName>[] = Object.freeze(list)
