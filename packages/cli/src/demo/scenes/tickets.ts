import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type Code, codeFromCloseCode, isRefusal } from '@ticketgate/core'
import type { TicketVariantName } from '@ticketgate/simulator'
import { WebSocket } from 'ws'
import { stolenTicket, wrongTickets } from '../actor.ts'
import { answeredWith, closedWith, presentOf, type Scene } from './scene.ts'

/** Those who come with good tickets, and those who come with others. */
export const ticketScenes: readonly Scene[] = [
  {
    who: 'Ada',
    does: 'joins with a ticket fresh from Steam',
    expects: 'admitted',
    async play({ actors, inside }) {
      const visit = await actors.Ada.visit()
      inside.set('Ada', visit)
      return visit.came
    },
  },
  {
    who: 'Bert',
    does: "joins with Olga's copy, ticket in the upgrade's header",
    expects: 'admitted, copy of Olga',
    async play({ actors, inside }) {
      const visit = await actors.Bert.visit({ inHeader: true })
      inside.set('Bert', visit)
      const { outcome } = visit
      return outcome.ok && outcome.ownerSteamId === actors.Olga.account.steamId
        ? `${await visit.came}, copy of Olga`
        : visit.came
    },
  },
  wrong('shows a forged ticket: one bit of the signature is wrong', 'bad-signature', 'ticket-signature-invalid'),
  {
    who: 'Eve',
    does: "shows an emulator's ticket, in the upgrade's header",
    expects: answeredWith('ticket-signature-invalid'),
    async play({ arena, actors: { Eve } }) {
      const source = wrongTickets(arena, Eve.account, 'emulator')
      return (await Eve.visit({ source, inHeader: true })).came
    },
  },
  wrong("shows a spliced ticket: another player's signed half", 'spliced', 'ticket-spliced'),
  wrong('shows a ticket that expired yesterday', 'expired', 'ticket-expired'),
  wrong('shows a ticket for another game', 'wrong-app', 'ticket-wrong-app'),
  wrong('shows the wrong kind: GetAuthSessionTicket', 'wrong-kind', 'ticket-wrong-kind'),
  wrong('shows hex without leading zeros', 'odd-hex', 'ticket-malformed'),
  wrong('shows a ticket that Steam never heard of', 'unknown-to-steam', 'ticket-invalid'),
  {
    who: 'Eve',
    does: 'sends binary junk in place of a ticket',
    expects: closedWith('protocol-error'),
    async play({ arena }) {
      const socket = new WebSocket(arena.gameUrl)
      await once(socket, 'message')
      socket.send(randomBytes(300))
      const [closeCode] = (await once(socket, 'close')) as [number]
      return `${codeFromCloseCode(closeCode)} · ${closeCode}`
    },
  },
  {
    who: 'Eve',
    does: 'replays the ticket that Ada came in with',
    expects: `${closedWith('ticket-replayed')}, Ada stays`,
    async play(stage) {
      const { Ada, Eve } = stage.actors
      const [ticket] = Ada.authentication.activeTickets.values()
      if (ticket === undefined) throw new Error('Ada holds no ticket')
      const { came } = await Eve.visit({ source: stolenTicket(ticket.data) })
      return `${await came}${presentOf(stage, Ada.account.steamId) === 1 ? ', Ada stays' : ', Ada is gone'}`
    },
  },
  {
    who: 'Eve',
    does: 'shows a ticket that Ada made for another server',
    expects: `${closedWith('ticket-invalid')}, Ada stays`,
    async play(stage) {
      const { Ada, Eve } = stage.actors
      const ticket = await Ada.authentication.getAuthTicketForWebApi('another-server')
      const { came } = await Eve.visit({ source: stolenTicket(ticket.data) })
      const text = await came
      ticket.cancel()
      return `${text}${presentOf(stage, Ada.account.steamId) === 1 ? ', Ada stays' : ', Ada is gone'}`
    },
  },
  banned('Vera', 'joins with a VAC ban', 'vac-banned'),
  banned('Paul', "joins with the publisher's ban", 'publisher-banned'),
  banned('Fay', "joins with Vera's copy, and Vera is banned", 'owner-banned'),
  {
    who: 'Ada',
    does: 'logs in a second time, from somewhere else',
    expects: `admitted, first one ${closedWith('replaced')}`,
    async play({ actors, inside }) {
      const first = inside.get('Ada')
      if (first === undefined || isRefusal(first.outcome)) throw new Error('Ada is not inside')
      const second = await actors.Ada.visit()
      inside.set('Ada', second)
      return `${await second.came}, first one ${await first.end}`
    },
  },
]

/** Eve comes with a ticket of her own that is wrong in one way. */
function wrong(does: string, variant: TicketVariantName, code: Code): Scene {
  return {
    who: 'Eve',
    does,
    expects: closedWith(code),
    async play({ arena, actors: { Eve } }) {
      return (await Eve.visit({ source: wrongTickets(arena, Eve.account, variant) })).came
    },
  }
}

/** Somebody whom Steam knows too well. */
function banned(who: 'Vera' | 'Paul' | 'Fay', does: string, code: Code): Scene {
  return {
    who,
    does,
    expects: closedWith(code),
    play: async ({ actors }) => (await actors[who].visit()).came,
  }
}
