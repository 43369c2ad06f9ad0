import assert from 'node:assert/strict'
import { AuthSessionResponse } from '@ticketgate/core'
import { begin, type Decision, decide, end } from './decide.ts'
import type { BackendContractFlags, BackendSubject, TicketCondition } from './subject.ts'

type Check = (subject: BackendSubject) => Promise<void>

/** What Steam says of players. */
export function verdictCases(flags: BackendContractFlags): Readonly<Record<string, Check>> {
  const hopeless = Object.entries(flags.codes).map(([condition, code]): [string, Check] => [
    `answers ${code} to a ticket that is ${condition}`,
    async (subject) => {
      const ticket = await subject.createTicket(condition as TicketCondition)
      const { code: actual } = await decideAndEnd(subject, ticket)
      assert.equal(actual, code)
      assert.equal(subject.open(), 0)
    },
  ])

  return {
    async 'gives the verdict on a good ticket with the right ids'(subject) {
      const ticket = await subject.createTicket('good')
      const { code, verdict } = await decideAndEnd(subject, ticket)
      assert.equal(code, undefined)
      assert.equal(verdict?.response, AuthSessionResponse.OK)
      assert.equal(verdict.steamId, ticket.steamId)
      assert.equal(verdict.ownerSteamId, ticket.steamId)
    },

    async 'names the owner of a borrowed copy'(subject) {
      const ticket = await subject.createTicket('borrowed')
      assert.notEqual(ticket.ownerSteamId, ticket.steamId)
      const { verdict } = await decideAndEnd(subject, ticket)
      assert.equal(verdict?.response, AuthSessionResponse.OK)
      assert.equal(verdict.steamId, ticket.steamId)
      assert.equal(verdict.ownerSteamId, ticket.ownerSteamId)
    },

    ...Object.fromEntries(hopeless),

    async 'tells of bans, by response or by flag'(subject) {
      const vac = await decideAndEnd(subject, await subject.createTicket('vac-banned'))
      const publisher = await decideAndEnd(subject, await subject.createTicket('publisher-banned'))
      if (flags.bansRefuse) {
        assert.equal(vac.code, 'vac-banned')
        assert.equal(publisher.code, 'publisher-banned')
      } else {
        assert.equal(vac.verdict?.vacBanned, true)
        assert.equal(vac.verdict.publisherBanned, false)
        assert.equal(publisher.verdict?.publisherBanned, true)
        assert.equal(publisher.verdict.vacBanned, false)
      }
    },

    async 'asks Steam once a begin'(subject) {
      const ticket = await subject.createTicket('good')
      const before = subject.asked()
      await decideAndEnd(subject, ticket)
      assert.equal(subject.asked(), before + 1)
    },

    async 'keeps many begins at once apart'(subject) {
      const tickets = await Promise.all(
        Array.from({ length: 20 }, (_, index) => subject.createTicket(index % 2 ? 'good' : 'borrowed')),
      )
      const decisions = await Promise.all(tickets.map((ticket) => decide(subject, ticket)))
      for (const [index, ticket] of tickets.entries()) {
        assert.equal(decisions[index]?.verdict?.steamId, ticket.steamId)
        assert.equal(decisions[index]?.verdict?.ownerSteamId, ticket.ownerSteamId)
        end(subject, ticket)
      }
      assert.equal(subject.open(), 0)
    },

    async 'looks bans up by SteamID and leaves unknown ids out, or does not offer to'(subject) {
      const { backend } = subject
      if (!backend.getPlayerBans) return
      const [clean, vac, publisher] = [
        await subject.createTicket('good'),
        await subject.createTicket('vac-banned'),
        await subject.createTicket('publisher-banned'),
      ]
      const unknown = '76561197960265729'
      const bans = await backend.getPlayerBans([clean.steamId, unknown, vac.steamId, publisher.steamId])
      const byId = new Map(bans.map((ban) => [ban.steamId, ban]))
      assert.equal(byId.size, 3)
      assert.deepEqual(
        [clean, vac, publisher].map(({ steamId }) => {
          const { vacBanned, publisherBanned } = byId.get(steamId) ?? {}
          return [vacBanned, publisherBanned]
        }),
        [
          [false, false],
          [true, false],
          [false, true],
        ],
      )
    },

    async 'answers 2 about licences of a player without a session, or does not offer to'(subject) {
      const { backend } = subject
      if (!backend.userHasLicenseForApp) return
      const ticket = await subject.createTicket('good')
      if (backend.sessionModel === 'exclusive') {
        assert.equal(await backend.userHasLicenseForApp(ticket.steamId, ticket.appId), 2)
      }
      await decide(subject, ticket)
      assert.equal(await backend.userHasLicenseForApp(ticket.steamId, ticket.appId), 0)
      end(subject, ticket)
    },

    async 'answers a begin that was aborted beforehand without asking Steam'(subject) {
      const ticket = await subject.createTicket('good')
      const before = subject.asked()
      await assert.rejects(begin(subject, ticket, AbortSignal.abort(new Error('gave up'))))
      assert.equal(subject.asked(), before)
      assert.equal(subject.open(), 0)
    },
  }
}

async function decideAndEnd(subject: BackendSubject, ticket: Parameters<typeof decide>[1]): Promise<Decision> {
  const decision = await decide(subject, ticket)
  // A refused begin opened nothing. An end for it would end somebody else's session.
  if (decision.verdict) end(subject, ticket)
  return decision
}
