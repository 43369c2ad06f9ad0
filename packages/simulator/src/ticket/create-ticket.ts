import { createHash } from 'node:crypto'
import type { AppId, SteamId } from '@ticketgate/core'
import { checkAppId, checkInteger, checkString } from '../options.ts'
import type { World } from '../world/world.ts'
import { assembleTicket, headLength, type TicketFields, ticketTypes } from './layout.ts'
import type { Mint } from './mint.ts'
import { malformedVariants, type TicketVariantName, type VariantTicket } from './variants.ts'

/** What kind of ticket to make, and what is to be wrong with it. */
export interface MintTicketOptions {
  /** @default 'webapi' */
  readonly kind?: 'session' | 'webapi'
  /** Default: the first app of this Steam. */
  readonly appId?: AppId
  /** The party it is made for. Default: nobody in particular. */
  readonly identity?: string
  /** One of {@link malformedVariants}. */
  readonly variant?: TicketVariantName
  /** Fills it up with junk to so many bytes, 2,560 as a rule. Up to 65,536. */
  readonly padTo?: number
  /** Fields to write otherwise, before signing. */
  readonly fields?: Partial<TicketFields>
}

/** A ticket out of the mint. */
export interface SimulatedTicket {
  readonly handle: number
  readonly kind: 'session' | 'webapi'
  readonly appId: AppId
  readonly identity: string | undefined
  /** Of the account it was minted for, whatever the bytes say. */
  readonly steamId: SteamId
  readonly data: Uint8Array
  /** `data` in lower-case hex. */
  readonly hex: string
  /** `data` in base64url, as the handshake carries it. */
  readonly base64url: string
  /** What a client sends: `hex`, unless the variant is about writing it down wrongly. */
  readonly text: string
  /** First 12 hex digits of SHA-256 of `data`: the ticket's name in logs, unless `data` has junk behind its end. */
  readonly fingerprint: string
  /** Whether Steam still holds it good: neither cancelled nor ended with its client. */
  readonly isLive: boolean
  cancel(): void
}

/** Makes a ticket for an account, with whatever is to be wrong with it. */
export function createTicket(
  steamId: SteamId,
  options: MintTicketOptions & { readonly appId: AppId },
  { world, mint, appIds }: { readonly world: World; readonly mint: Mint; readonly appIds: readonly AppId[] },
): SimulatedTicket {
  const { identity, variant, kind = 'webapi' } = options
  const appId = checkAppId('appId', options.appId)
  if (!Object.hasOwn(ticketTypes, kind)) {
    throw new TypeError(`"kind" must be 'session' or 'webapi', got ${String(kind)}`)
  }
  if (identity !== undefined) checkString('identity', identity)
  const padTo = checkInteger('padTo', options.padTo ?? 0, 0, 65_536)
  const fields = { ...mint.fields(steamId, kind, appId), ...options.fields }
  const made = make()
  const data = made.bytes.length < padTo ? pad(made.bytes) : made.bytes
  const text = made.text ?? Buffer.from(data).toString('hex')
  // Steam hears of the first 52 bytes. What is not laid out as a ticket has none that it could ever see again.
  const isKnown = made.isKnown !== false && data.length >= headLength
  const handle = mint.register({
    head: isKnown ? data.subarray(0, headLength) : mint.junk(steamId, headLength),
    kind: fields.type === ticketTypes.session ? 'session' : 'webapi',
    steamId: fields.issuer,
    appId: fields.appId,
    identity,
  })

  function make(): VariantTicket {
    if (variant !== undefined) {
      const found = malformedVariants.find(({ name }) => name === variant)
      if (!found) throw new TypeError(`"variant" must be a name in malformedVariants, got ${String(variant)}`)
      const stranger = [...world.accounts.keys()].find((other) => other !== steamId)
      return found.make({
        fields,
        parts: (changed) => mint.parts(changed),
        stranger: stranger ?? (BigInt(steamId) ^ 2n).toString(),
        otherAppId: appIds.find((other) => other !== appId) ?? appId + 1,
        junk: (length) => mint.junk(steamId, length),
      })
    }
    const { head, ownership, signature } = mint.parts(fields)
    return { bytes: assembleTicket(head, ownership, signature) }
  }

  function pad(bytes: Uint8Array): Uint8Array {
    const buffer = mint.junk(steamId, padTo)
    buffer.set(bytes)
    return buffer
  }

  return Object.freeze({
    handle,
    kind,
    appId,
    identity,
    steamId,
    data,
    hex: Buffer.from(data).toString('hex'),
    base64url: Buffer.from(data).toString('base64url'),
    text,
    fingerprint: createHash('sha256').update(data).digest('hex').slice(0, 12),
    get isLive() {
      return world.ticketByHandle(handle)?.state === 'live'
    },
    cancel: () => world.apply({ type: 'ticket-canceled', handle }),
  })
}
