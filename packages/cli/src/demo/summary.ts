import { type Paint, wrap } from '../io.ts'
import type { Arena } from './arena.ts'
import type { Row } from './table.ts'

/** One claim of the summary, with the numbers that bear it out or do not. */
export interface Claim {
  readonly text: string
  readonly isTrue: boolean
}

/** What must hold once everything is closed. */
export function checkBooks({ gate, ledger, webApi }: Arena): readonly Claim[] {
  const { begun, ended, endedAtGate, foundGood, admitted, left, ticketsMade, ticketsAlive, requests } = ledger
  const refusals = [...ledger.refused.values()].reduce((sum, count) => sum + count, 0)
  const { pending, players, admissions, sessions, deadlines } = gate.counts
  const held = pending + players + admissions + sessions + deadlines
  const { tickets, bans, total } = requests
  const { opened } = webApi.connections
  return [
    { text: `${admitted} admissions, ${left} of them over`, isTrue: admitted > 0 && admitted === left },
    { text: `${refusals} refusals: ${listRefusals(ledger.refused)}`, isTrue: refusals > 0 },
    {
      text: `${begun} auth sessions begun, ${ended} ended; the gate told of ${endedAtGate} ends`,
      isTrue: begun > 0 && begun === ended && begun === endedAtGate,
    },
    { text: `${foundGood} tickets found good by Steam, one for each session`, isTrue: foundGood === begun },
    {
      text: `${ticketsMade} tickets made by Steam's clients, ${ticketsAlive} not cancelled`,
      isTrue: ticketsMade > 0 && ticketsAlive === 0,
    },
    {
      text: `held by the gate now: ${pending} handshakes, ${players} players, ${admissions} admissions, ${sessions} sessions, ${deadlines} timers`,
      isTrue: held === 0,
    },
    {
      text: `${total} requests to Steam: ${tickets} AuthenticateUserTicket, ${bans} GetPlayerBans, over ${opened} ${opened === 1 ? 'connection' : 'connections'}`,
      isTrue: total === tickets + bans,
    },
    { text: `the key was in the URL of ${ledger.keysInUrls} of them`, isTrue: ledger.keysInUrls === 0 },
  ]
}

function listRefusals(refused: Arena['ledger']['refused']): string {
  return [...refused]
    .sort(([a, first], [b, second]) => second - first || a.localeCompare(b))
    .map(([code, count]) => (count === 1 ? code : `${count} ${code}`))
    .join(', ')
}

/** The last part of the demo's output. */
export function writeSummary(
  rows: readonly Row[],
  claims: readonly Claim[],
  { paint, width }: { readonly paint: Paint; readonly width: number },
): string {
  const lines = claims.map(
    ({ text, isTrue }) =>
      `  ${isTrue ? paint('green', '✔') : paint('red', '✖')} ${wrap(text, width, '    ').trimStart()}${isTrue ? '' : paint('red', '  NOT AS EXPECTED')}`,
  )
  const wrong = rows.filter(({ came, expected }) => came !== expected)
  const falsities = wrong.length + claims.filter(({ isTrue }) => !isTrue).length
  const verdict =
    falsities === 0
      ? paint(['green', 'bold'], `All ${rows.length} steps went as expected, and the books balance.`)
      : paint(['red', 'bold'], `${falsities} NOT AS EXPECTED`) +
        wrong.map(({ step, who, does }) => `\n  step ${step}: ${who} ${does}`).join('')
  return `\n${paint('bold', 'The books')}\n${lines.join('\n')}\n\n${verdict}\n`
}
