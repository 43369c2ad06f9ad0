import assert from 'node:assert/strict'
import { isCode, isSteamId } from '@ticketgate/core'
import { parseTicketAnswer } from '../../../packages/steam/src/web-api/parse-answer.ts'
import { parseBansAnswer, parseOwnershipAnswer } from '../../../packages/steam/src/web-api/parse-recheck-answers.ts'

/**
 * Puts one answer through all parsers and checks what must hold of any: they return, what they return is of
 * the known shape, and whoever is let in is let in by the one answer that means it.
 *
 * @returns what the ticket parser made of it.
 */
export function checkAnswer(status: number, body: string): string {
  const answer = parseTicketAnswer(status, body)
  if (answer.type === 'verdict') {
    const { params, error } = JSON.parse(body).response
    const { verdict } = answer
    assert.equal(status, 200)
    assert.equal(error, undefined)
    assert.equal(params.result, 'OK')
    assert.ok(isSteamId(params.steamid))
    assert.equal(verdict.steamId, params.steamid)
    assert.equal(verdict.response, 0)
    assert.ok(isSteamId(verdict.ownerSteamId))
    assert.ok(verdict.ownerSteamId === params.ownersteamid || verdict.ownerSteamId === params.steamid)
    assert.equal(verdict.vacBanned, Boolean(params.vacbanned))
    assert.equal(verdict.publisherBanned, Boolean(params.publisherbanned))
  } else {
    assert.ok(isCode(answer.code))
    assert.equal(typeof answer.detail, 'string')
  }
  const bans = parseBansAnswer(status, body)
  if (bans.type === 'bans') for (const { steamId } of bans.players) assert.ok(isSteamId(steamId))
  const ownership = parseOwnershipAnswer(status, body)
  if (ownership.type === 'ownership') assert.equal(typeof ownership.ownsApp, 'boolean')
  return answer.type === 'verdict' ? 'verdict' : `${answer.type} ${answer.code}`
}
