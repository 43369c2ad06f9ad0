import type { InspectedTicket } from '@ticketgate/core/ticket'
import { createSteamTicketInspector, type SteamTicketInspectorOptions } from './inspector.ts'

/** What a single ticket is held against. */
export interface InspectTicketOptions extends Omit<SteamTicketInspectorOptions, 'kinds' | 'alwaysCheckSignature'> {
  /**
   * Who is going to verify the ticket: the Web API or a native game server. Tickets for the other are a
   * problem. @default either
   */
  readonly verifier?: 'webapi' | 'native' | undefined
  /** Whether Steam's signature is checked, whatever else is wrong. @default true */
  readonly checkSignature?: boolean | undefined
}

/**
 * Reads one ticket and says everything that is wrong with it. Never throws for a ticket of any form. For
 * many tickets make an inspector once with {@link createSteamTicketInspector}.
 *
 * @param input Bytes, or text in hex, base64 or base64url; what trails behind the ticket's end is cut off.
 * @throws TypeError naming the option that is wrong.
 * @example
 * const ticket = inspectTicket(text, { verifier: 'webapi', appIds: [480] })
 * console.log(ticket.steamId, ticket.fingerprint, ticket.problems)
 */
export function inspectTicket(input: Uint8Array | string, options: InspectTicketOptions = {}): InspectedTicket {
  const { verifier, checkSignature, ...inspectorOptions } = options
  if (verifier !== undefined && verifier !== 'webapi' && verifier !== 'native') {
    throw new TypeError(`"verifier" must be "webapi" or "native", got ${String(verifier)}`)
  }
  const inspect = createSteamTicketInspector({
    ...inspectorOptions,
    alwaysCheckSignature: true,
    ...(verifier && { kinds: [verifier === 'webapi' ? 'webapi' : 'session'] }),
  })
  return inspect(input, { checkSignature })
}
