import type { Code, Gate } from '@ticketgate/core'
import type { SimulatedSteam, SimulatedWebApi } from '@ticketgate/simulator'

/** What gate and Steam counted, each on its own. */
export interface Ledger {
  readonly admitted: number
  readonly left: number
  readonly refused: ReadonlyMap<Code, number>
  readonly renewed: number
  readonly revoked: number
  /** Auth sessions that were opened, and how many of them were ended. */
  readonly begun: number
  readonly ended: number
  /** How many sessions the gate said had ended. */
  readonly endedAtGate: number
  /** How many tickets Steam found good. */
  readonly foundGood: number
  /** Tickets that Steam's clients have made, and how many of them still live. */
  readonly ticketsMade: number
  readonly ticketsAlive: number
  readonly requests: { readonly total: number; readonly tickets: number; readonly bans: number }
  /** Requests whose URL held a key. */
  readonly keysInUrls: number
}

/** Counts along, from events alone. */
export function keepLedger({
  gate,
  steam,
  webApi,
}: {
  readonly gate: Gate
  readonly steam: SimulatedSteam
  readonly webApi: SimulatedWebApi
}): Ledger {
  const counts = { admitted: 0, left: 0, renewed: 0, revoked: 0, begun: 0, ended: 0, endedAtGate: 0 }
  const atSteam = { foundGood: 0, ticketsMade: 0 }
  const refused = new Map<Code, number>()
  gate.on('admitted', () => void counts.admitted++)
  gate.on('left', () => void counts.left++)
  gate.on('renewed', () => void counts.renewed++)
  gate.on('revoked', () => void counts.revoked++)
  gate.on('ended', () => void counts.endedAtGate++)
  gate.on('refused', ({ refusal }) => void refused.set(refusal.code, (refused.get(refusal.code) ?? 0) + 1))
  gate.authentication.on('sessionBegun', () => void counts.begun++)
  gate.authentication.on('sessionEnded', () => void counts.ended++)
  steam.subscribe(({ type }) => {
    // While Steam is down its answers are lost.
    if (type === 'ticket-used' && webApi.faults.active === 0) atSteam.foundGood++
    if (type === 'ticket-issued') atSteam.ticketsMade++
  })
  return {
    get admitted() {
      return counts.admitted
    },
    get left() {
      return counts.left
    },
    get renewed() {
      return counts.renewed
    },
    get revoked() {
      return counts.revoked
    },
    get begun() {
      return counts.begun
    },
    get ended() {
      return counts.ended
    },
    get endedAtGate() {
      return counts.endedAtGate
    },
    refused,
    get foundGood() {
      return atSteam.foundGood
    },
    get ticketsMade() {
      return atSteam.ticketsMade
    },
    get ticketsAlive() {
      return steam.tickets.live
    },
    get requests() {
      const { total, AuthenticateUserTicket, GetPlayerBans } = webApi.calls
      return { total, tickets: AuthenticateUserTicket, bans: GetPlayerBans }
    },
    get keysInUrls() {
      return webApi.requests.filter(({ keyIn }) => keyIn === 'query' || keyIn === 'both').length
    },
  }
}
