/**
 * Whose move it is: `player` (log in, own the game, wait), `developer` (the client or server code
 * sends something wrong), `operator` (configuration, load, a decision of the server's staff), `steam`.
 */
export type Fault = 'player' | 'developer' | 'operator' | 'steam'

/** One row of the code table. */
export interface CodeEntry {
  /** WebSocket close code, 4410 to 4479: application range, clear of those Colyseus uses. */
  readonly closeCode: number
  /** HTTP status of the same answer where the transport speaks HTTP. */
  readonly httpStatus: number
  /** Whether the same client may succeed by trying again, with a **fresh** ticket. */
  readonly retryable: boolean
  readonly fault: Fault
  /** One or two sentences a game can show to its player. */
  readonly text: string
}

function row(closeCode: number, httpStatus: number, retryable: boolean, fault: Fault, text: string): CodeEntry {
  return Object.freeze({ closeCode, httpStatus, retryable, fault, text })
}

const yes = true
const no = false

/**
 * Every answer a player can get besides "admitted", in one table. Transports look up here and invent
 * nothing; `docs/errors.md` has a heading for each.
 */
export const codes = Object.freeze({
  // --- the handshake itself ---
  'protocol-error': row(4410, 400, no, 'developer', 'The game sent something this server does not understand.'),
  'version-unsupported': row(
    4411,
    400,
    no,
    'developer',
    'This version of the game cannot talk to this server. Please update.',
  ),
  'message-too-large': row(4412, 413, no, 'developer', 'The game sent too much data before it was let in.'),
  'handshake-timeout': row(4413, 408, yes, 'player', 'Signing in took too long. Please try again.'),
  'too-many-pending': row(
    4414,
    503,
    yes,
    'operator',
    'The server is busy letting players in. Please try again in a moment.',
  ),
  'too-many-attempts': row(4415, 429, yes, 'player', 'Too many attempts from your network. Please wait a little.'),
  'too-many-logins': row(4416, 429, yes, 'player', 'You joined too often in a short time. Please wait a little.'),
  'server-closing': row(
    4417,
    503,
    yes,
    'operator',
    'The server is shutting down. Please join another one or try again soon.',
  ),
  'internal-error': row(4418, 500, yes, 'operator', 'Something went wrong on the server. Please try again.'),
  'connection-lost': row(4419, 400, yes, 'player', 'The connection was lost while signing in. Please try again.'),

  // --- the ticket, judged from its own bytes and from ours ---
  'ticket-missing': row(4420, 401, yes, 'developer', 'The game did not send a Steam ticket.'),
  'ticket-malformed': row(4421, 400, no, 'developer', 'The Steam ticket could not be read.'),
  'ticket-too-long': row(4422, 413, no, 'developer', 'The Steam ticket is too long.'),
  'ticket-wrong-kind': row(4423, 400, no, 'developer', 'The game sent the wrong kind of Steam ticket.'),
  'ticket-wrong-app': row(4424, 403, no, 'developer', 'The Steam ticket is for another game.'),
  'ticket-spliced': row(4425, 403, no, 'player', 'The Steam ticket was put together from parts of different tickets.'),
  'ticket-expired': row(4426, 401, yes, 'player', 'The Steam ticket has expired. Restart Steam and try again.'),
  'ticket-signature-invalid': row(4427, 403, no, 'player', 'The ticket was not issued by Steam.'),
  'ticket-replayed': row(4428, 401, yes, 'developer', 'This Steam ticket was used before. Please try again.'),
  'identity-expired': row(
    4429,
    401,
    yes,
    'developer',
    'Signing in took too long or started elsewhere. Please try again.',
  ),
  'identity-mismatch': row(
    4430,
    401,
    yes,
    'developer',
    'The Steam ticket was made for another server. Please try again.',
  ),

  // --- Steam's answer about the ticket ---
  'ticket-invalid': row(
    4431,
    401,
    yes,
    'player',
    'Steam does not accept the ticket. Check that Steam is online and try again.',
  ),
  'ticket-canceled': row(4432, 401, yes, 'player', 'The Steam ticket was cancelled. Please join again.'),
  'ticket-already-used': row(4433, 401, yes, 'developer', 'Steam saw this ticket before. Please join again.'),
  'ticket-version-unsupported': row(
    4434,
    400,
    no,
    'developer',
    'The Steam ticket has a version this server does not support. Please update.',
  ),
  'steam-id-mismatch': row(4435, 403, no, 'player', 'The Steam ticket names another player than Steam does.'),

  'pass-invalid': row(
    4436,
    401,
    yes,
    'developer',
    'Your pass for this server is not valid any more. Please join again.',
  ),

  // --- Steam's answer about the player ---
  'steam-offline': row(4440, 401, yes, 'player', 'You are not connected to Steam. Go online in Steam and join again.'),
  'no-license': row(4441, 403, no, 'player', 'Your Steam account does not own this game, or the licence has run out.'),
  'vac-banned': row(4442, 403, no, 'player', 'Your Steam account has a VAC ban in this game.'),
  'vac-check-timed-out': row(
    4443,
    401,
    yes,
    'steam',
    'Steam could not finish its VAC check. Restart the game and join again.',
  ),
  'publisher-banned': row(4444, 403, no, 'player', 'Your Steam account is banned from this game by its publisher.'),
  'logged-in-elsewhere': row(4445, 409, yes, 'player', 'Your Steam account is playing on another computer.'),
  'owner-banned': row(4446, 403, no, 'player', 'The owner of this borrowed copy is banned.'),
  'family-sharing-refused': row(4447, 403, no, 'player', 'This server does not accept borrowed copies of the game.'),
  'license-required': row(4448, 403, no, 'player', 'This server needs content that your Steam account does not own.'),

  // --- sessions ---
  'already-playing': row(4450, 409, yes, 'player', 'You are already playing on this server.'),
  replaced: row(4451, 409, no, 'player', 'You joined from somewhere else, so this connection was closed.'),
  'too-many-admissions': row(
    4452,
    409,
    yes,
    'player',
    'You have too many connections to this server. Close one and try again.',
  ),
  kicked: row(4453, 403, no, 'operator', 'You were removed from the server.'),
  banned: row(4454, 403, no, 'operator', 'You are banned from this server.'),
  'renewal-timeout': row(
    4455,
    408,
    yes,
    'player',
    'The server asked Steam about you again and got no answer from your game in time.',
  ),
  'policy-refused': row(4456, 403, no, 'operator', 'This server did not let you in.'),
  'reservation-expired': row(
    4457,
    408,
    yes,
    'player',
    'Your place was kept for you, but you did not take it in time. Please join again.',
  ),
  'duplicate-request': row(
    4458,
    409,
    yes,
    'operator',
    'The server is still checking you or still has you as a player. Please try again.',
  ),

  // --- what is behind the gate ---
  'backend-unavailable': row(4460, 503, yes, 'steam', 'Steam cannot be reached at the moment. Please try again soon.'),
  'verdict-timeout': row(4461, 504, yes, 'steam', 'Steam did not answer in time. Please try again.'),
  'backend-throttled': row(4462, 503, yes, 'operator', 'The server has asked Steam too often. Please try again soon.'),
  'backend-misconfigured': row(
    4463,
    500,
    no,
    'operator',
    'This server is not set up correctly. Please tell its operator.',
  ),
  'unknown-response': row(4464, 502, no, 'steam', 'Steam gave an answer this server does not know.'),
  'store-unavailable': row(
    4465,
    503,
    yes,
    'operator',
    'The server cannot reach the other servers. Please try again soon.',
  ),
} satisfies Record<string, CodeEntry>)

/** Every code in the table. The string is the contract; texts may change. */
export type Code = keyof typeof codes

/** Whether a value is a code of the table. */
export function isCode(value: unknown): value is Code {
  return typeof value === 'string' && Object.hasOwn(codes, value)
}

const codesByCloseCode: ReadonlyMap<number, Code> = new Map(
  (Object.keys(codes) as Code[]).map((code) => [codes[code].closeCode, code]),
)

/** The code behind a WebSocket close code, for clients; `undefined` when it is not one of ours. */
export function codeFromCloseCode(closeCode: number): Code | undefined {
  return codesByCloseCode.get(closeCode)
}
