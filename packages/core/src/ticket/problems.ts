import type { Code } from '../codes/codes.ts'
import type { TicketProblem } from '../ports/backend.ts'

function problem<const C extends string>(
  code: C,
  refusalCode: Code,
  help: string,
): TicketProblem & { readonly code: C } {
  return Object.freeze({ code, refusalCode, help })
}

/**
 * Everything that can be wrong with a ticket's own bytes, by code, the gravest first. One frozen object a
 * code: comparing by identity is safe within one copy of this package. `docs/tickets.md` has a heading each.
 */
export const ticketProblems = Object.freeze({
  // --- nothing that could be read ---
  empty: problem(
    'empty',
    'ticket-missing',
    'Nothing was sent. Wait for Steam to deliver the ticket (GetTicketForWebApiResponse_t or GetAuthSessionTicketResponse_t with result 1) before sending it.',
  ),
  'too-long': problem(
    'too-long',
    'ticket-too-long',
    'More was sent than a ticket can be. Send the ticket alone, cut to the length Steam reported for it.',
  ),
  'not-bytes-or-text': problem(
    'not-bytes-or-text',
    'ticket-malformed',
    'A ticket must be a Uint8Array or a string of hex, base64 or base64url. A parsed Buffer ({ type, data }) or an array of numbers must be turned back into bytes first.',
  ),
  'odd-hex': problem(
    'odd-hex',
    'ticket-malformed',
    'Hex digits are missing, as when bytes below 16 are printed with one digit (%X). Print every byte with two digits (%02x).',
  ),
  'separated-bytes': problem(
    'separated-bytes',
    'ticket-malformed',
    'There are dashes, blanks, colons or line breaks between the digits, or a 0x in front, as BitConverter.ToString and hex dumps write them. Remove them or send base64.',
  ),
  'json-text': problem(
    'json-text',
    'ticket-malformed',
    'This is JSON (a list of numbers, an object or a quoted string) in place of the ticket. Send the bytes as hex or base64 instead of serialising the array.',
  ),
  'binary-as-text': problem(
    'binary-as-text',
    'ticket-malformed',
    'The raw bytes were put into a string, which destroys some of them. Encode them as hex or base64 where the ticket is made.',
  ),
  'url-encoded': problem(
    'url-encoded',
    'ticket-malformed',
    'The base64 text went through a URL or form encoding that was not undone: it holds % escapes, or blanks where + stood. Send hex or base64url, or decode it first.',
  ),
  'double-encoded': problem(
    'double-encoded',
    'ticket-malformed',
    'The ticket was encoded twice, for example hex text turned into base64 or sent as bytes. Encode it once.',
  ),
  'not-hex-or-base64': problem(
    'not-hex-or-base64',
    'ticket-malformed',
    'The text is neither hex nor base64. Send what Steam returned as the ticket, encoded once.',
  ),

  // --- bytes that are no auth ticket, or not a whole one ---
  'not-a-ticket': problem(
    'not-a-ticket',
    'ticket-malformed',
    'The bytes do not begin like a Steam auth ticket. Check that the right value was sent and that it was decoded in the encoding it was made with.',
  ),
  'bare-ownership-ticket': problem(
    'bare-ownership-ticket',
    'ticket-wrong-kind',
    'This is an app ownership ticket (GetAppOwnershipTicketData), which anybody who ever saw it can show. Use GetAuthTicketForWebApi or GetAuthSessionTicket.',
  ),
  'encrypted-app-ticket': problem(
    'encrypted-app-ticket',
    'ticket-wrong-kind',
    'This is an encrypted app ticket (RequestEncryptedAppTicket), which this server does not verify. Use GetAuthTicketForWebApi or GetAuthSessionTicket.',
  ),
  truncated: problem(
    'truncated',
    'ticket-malformed',
    'The ticket ends before its own length says. Give Steam a larger buffer (players with many DLC have tickets over 1,024 bytes) and send all of it.',
  ),
  malformed: problem(
    'malformed',
    'ticket-malformed',
    'It begins like a ticket, but its lengths or fixed fields contradict each other. Bytes were changed, lost or inserted on the way.',
  ),

  // --- a whole ticket that was not issued by Steam ---
  'emulator-lookalike': problem(
    'emulator-lookalike',
    'ticket-signature-invalid',
    'This was made by a Steam emulator: it has the form, the loopback addresses or the empty signature of one. Steam knows nothing of this ticket.',
  ),
  'bad-signature': problem(
    'bad-signature',
    'ticket-signature-invalid',
    'Steam did not sign the ownership part. It was forged or changed, or it was signed by a simulator whose key this server does not trust.',
  ),
  spliced: problem(
    'spliced',
    'ticket-spliced',
    'The two halves name different players: the ownership part was taken from the ticket of another player. No Steam client makes such a ticket.',
  ),
  'not-a-player': problem(
    'not-a-player',
    'ticket-wrong-kind',
    'The ticket names something other than a player of the public universe, such as a game server. Tickets must come from the Steam client of a player.',
  ),

  // --- a ticket of Steam for another purpose ---
  'unknown-type': problem(
    'unknown-type',
    'ticket-wrong-kind',
    'The number that tells how the ticket was made is neither 2 (GetAuthSessionTicket) nor 5 (GetAuthTicketForWebApi). The ticket was changed, or Steam has a new kind that needs a newer version of this package.',
  ),
  'wrong-kind-session': problem(
    'wrong-kind-session',
    'ticket-wrong-kind',
    'The client called GetAuthSessionTicket, which only BeginAuthSession on a game server can verify. For a server that uses the Web API call GetAuthTicketForWebApi.',
  ),
  'wrong-kind-webapi': problem(
    'wrong-kind-webapi',
    'ticket-wrong-kind',
    'The client called GetAuthTicketForWebApi, which only AuthenticateUserTicket of the Web API can verify. For a game server that uses BeginAuthSession call GetAuthSessionTicket.',
  ),
  'wrong-app': problem(
    'wrong-app',
    'ticket-wrong-app',
    'The ticket is for an app this server was not told to accept. Demos, playtests and 480 (Spacewar) have app ids of their own; check steam_appid.txt and the list of apps of the server.',
  ),

  // --- a ticket whose dates do not hold ---
  expired: problem(
    'expired',
    'ticket-expired',
    'The ownership part is past its date, 21 days after Steam signed it. The client must be online and ask for a fresh ticket; if it just did, check the clock of this server.',
  ),
  'not-yet-valid': problem(
    'not-yet-valid',
    'ticket-expired',
    'The ownership part was signed more than a day in the future. Check the clock of this server.',
  ),
})

/** Every problem's code. Finer than a refusal's code, and open: later versions may add some. */
export type TicketProblemCode = keyof typeof ticketProblems
