import type { SteamId as SteamIdText, TicketKind } from '@ticketgate/core'
import { type InspectedTicket, type ParsedSteamId, SteamId } from '@ticketgate/steam'
import { type Paint, wrap } from '../io.ts'
import { formatAge, formatDate } from './dates.ts'

/** How to write a report. */
export interface ReportStyle {
  readonly paint: Paint
  /** Columns. */
  readonly width: number
  /** Whose key the signature was held against. */
  readonly signer: string
  readonly nowMs: number
}

const kindTexts: Readonly<Record<TicketKind, string>> = Object.freeze({
  webapi: 'made with GetAuthTicketForWebApi, for AuthenticateUserTicket of the Web API',
  session: 'made with GetAuthSessionTicket, for BeginAuthSession of a game server',
  encrypted: 'made with RequestEncryptedAppTicket',
})

const labelWidth = 12

/**
 * The report for people. The addresses in a ticket are left out: reports end up in bug trackers, and no
 * problem is explained by them.
 */
export function describeTicket(ticket: InspectedTicket, style: ReportStyle): string {
  const { paint } = style
  const lines: string[] = []
  const add = (label: string, text: string): void => {
    lines.push(`  ${paint('dim', label.padEnd(labelWidth))}${text}`)
  }
  const isSomething = ticket.isWellFormed || ticket.kind === 'encrypted'
  const title = isSomething ? `Steam ticket ${paint('bold', ticket.fingerprint)}` : 'No Steam ticket could be read'
  lines.push(title, '')
  if (isSomething) {
    addForm(ticket, add)
    addPlayer(ticket, add)
    if (ticket.appId !== undefined) add('App', String(ticket.appId))
    add(
      'Kind',
      ticket.kind === undefined ? `unknown (${ticket.ticketType})` : `${ticket.kind}, ${kindTexts[ticket.kind]}`,
    )
    addSignature(ticket, style, add)
    addDates(ticket, style, add)
    if (ticket.licenses.length > 0) add('Packages', ticket.licenses.join(', '))
    if (ticket.dlc.length > 0) add('DLC', ticket.dlc.map(({ appId }) => appId).join(', '))
    lines.push('')
  }
  lines.push(...describeProblems(ticket, style))
  return lines.join('\n')
}

type Add = (label: string, text: string) => void

function addForm(ticket: InspectedTicket, add: Add): void {
  const trailing = ticket.trailingBytes > 0 ? `; ${ticket.trailingBytes} bytes behind its end were cut off` : ''
  add('Given as', `${ticket.inputForm ?? 'bytes'}, ${ticket.data.length} bytes${trailing}`)
}

function addPlayer(ticket: InspectedTicket, add: Add): void {
  if (ticket.steamId !== undefined) {
    add('Player', describeSteamId(ticket.steamId))
    return
  }
  if (ticket.issuerSteamId !== undefined) add('First half', describeSteamId(ticket.issuerSteamId))
  if (ticket.ownershipSteamId !== undefined) add('Signed half', describeSteamId(ticket.ownershipSteamId))
}

function addSignature(ticket: InspectedTicket, { paint, signer }: ReportStyle, add: Add): void {
  if (!ticket.isWellFormed) return
  const text = {
    valid: paint('green', `yes, by ${signer}`),
    invalid: paint('red', `not by ${signer}`),
    unchecked: 'not checked',
  }[ticket.signature]
  add('Signed', text)
}

function addDates(ticket: InspectedTicket, { nowMs, paint }: ReportStyle, add: Add): void {
  const { tokenIssuedAt, generatedAt, expiresAt } = ticket
  if (tokenIssuedAt) add('Token from', `${formatDate(tokenIssuedAt)}, ${formatAge(tokenIssuedAt, nowMs)}`)
  if (generatedAt) add('Signed on', `${formatDate(generatedAt)}, ${formatAge(generatedAt, nowMs)}`)
  if (!expiresAt) return
  const text = `${formatDate(expiresAt)}, ${formatAge(expiresAt, nowMs)}`
  add(expiresAt.getTime() <= nowMs ? 'Expired' : 'Expires', expiresAt.getTime() <= nowMs ? paint('red', text) : text)
}

function describeProblems(ticket: InspectedTicket, { paint, width }: ReportStyle): string[] {
  const { problems } = ticket
  if (problems.length === 0) {
    const note = 'No problem found. Whether Steam still holds it good, and for whom it was made, only Steam can say.'
    return [`${paint('green', '✔')} ${wrap(note, width, '  ').trimStart()}`]
  }
  const lines = [paint('bold', problems.length === 1 ? '1 problem' : `${problems.length} problems`)]
  for (const { code, refusalCode, help } of problems) {
    lines.push(`${paint('red', `✖ ${code}`)} ${paint('dim', `(a gate refuses it with ${refusalCode})`)}`)
    lines.push(wrap(help, width, '  '))
  }
  return lines
}

function describeSteamId(steamId: SteamIdText): string {
  const { steam2, steam3, isIndividual, isGameServer } = parse(steamId)
  const forms = [steamId, steam2, steam3].filter(Boolean).join('   ')
  return isIndividual ? forms : `${forms}   ${isGameServer ? '(a game server)' : '(not a player)'}`
}

function parse(steamId: SteamIdText): Partial<ParsedSteamId> {
  try {
    return SteamId.parse(steamId)
  } catch {
    // Half of a forged ticket can hold any number.
    return {}
  }
}

/** The report for programs. */
export function toJson(ticket: InspectedTicket): Record<string, unknown> {
  return {
    fingerprint: ticket.isWellFormed || ticket.kind === 'encrypted' ? ticket.fingerprint : null,
    isWellFormed: ticket.isWellFormed,
    inputForm: ticket.inputForm ?? null,
    bytes: ticket.data.length,
    trailingBytes: ticket.trailingBytes,
    steamId: ticket.steamId ?? null,
    steam2: (ticket.steamId && parse(ticket.steamId).steam2) ?? null,
    steam3: (ticket.steamId && parse(ticket.steamId).steam3) ?? null,
    accountId: (ticket.steamId && parse(ticket.steamId).accountId) ?? null,
    issuerSteamId: ticket.issuerSteamId ?? null,
    ownershipSteamId: ticket.ownershipSteamId ?? null,
    appId: ticket.appId ?? null,
    kind: ticket.kind ?? null,
    signature: ticket.signature,
    tokenIssuedAt: ticket.tokenIssuedAt ?? null,
    generatedAt: ticket.generatedAt ?? null,
    expiresAt: ticket.expiresAt ?? null,
    licenses: ticket.licenses,
    dlc: ticket.dlc,
    problems: ticket.problems,
  }
}
