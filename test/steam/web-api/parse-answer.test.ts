import assert from 'node:assert/strict'
import { parseTicketAnswer } from '../../../packages/steam/src/web-api/parse-answer.ts'
import { parseBansAnswer, parseOwnershipAnswer } from '../../../packages/steam/src/web-api/parse-recheck-answers.ts'

const player = '76561197960287930'
const owner = '76561197960265999'
const gameServer = '85568392920039425'
const page = '<html><body><h1>Forbidden</h1></body></html>'

function params(changes: Record<string, unknown> = {}): string {
  const good = { result: 'OK', steamid: player, ownersteamid: player, vacbanned: false, publisherbanned: false }
  return JSON.stringify({ response: { params: { ...good, ...changes } } })
}

function error(errorcode: unknown, more: Record<string, unknown> = {}): string {
  return JSON.stringify({ response: { ...more, error: { errorcode, errordesc: 'Invalid ticket' } } })
}

describe('parseTicketAnswer', () => {
  const verdicts: [string, string, Record<string, unknown>][] = [
    ['a good answer', params(), {}],
    ['a borrowed copy', params({ ownersteamid: owner }), { ownerSteamId: owner }],
    ['an owner of "0"', params({ ownersteamid: '0' }), {}],
    ['an owner of 0', params({ ownersteamid: 0 }), {}],
    ['no owner', params({ ownersteamid: undefined }), {}],
    ['a VAC ban', params({ vacbanned: true }), { vacBanned: true }],
    ["a publisher's ban", params({ publisherbanned: true }), { publisherBanned: true }],
    ['bans as numbers', params({ vacbanned: 1, publisherbanned: 0 }), { vacBanned: true }],
    ['fields that nobody knows', params({ novelty: { deep: [1] } }), {}],
  ]
  for (const [what, body, changes] of verdicts) {
    it(`gives a verdict for ${what}`, () => {
      assert.deepEqual(parseTicketAnswer(200, body), {
        type: 'verdict',
        verdict: {
          steamId: player,
          ownerSteamId: player,
          response: 0,
          vacBanned: false,
          publisherBanned: false,
          ...changes,
        },
      })
    })
  }

  const refusals: [string, number, string, string][] = [
    ["Steam's error 3", 200, error(3), 'ticket-malformed'],
    ["Steam's error 101", 200, error(101), 'ticket-invalid'],
    ["Steam's error 102", 200, error(102), 'ticket-wrong-app'],
    ["Steam's error 101 with status 400", 400, error(101), 'ticket-invalid'],
    ["Steam's error 101 with status 403", 403, error(101), 'ticket-invalid'],
    ["Steam's error 101 with status 500", 500, error(101), 'ticket-invalid'],
    ['an error code that nobody knows', 200, error(999), 'unknown-response'],
    ['error code 0', 200, error(0), 'unknown-response'],
    ['an error beside good params', 200, error(101, JSON.parse(params()).response), 'ticket-invalid'],
    ['a result other than OK', 200, params({ result: 'Fail' }), 'unknown-response'],
    ['a result of "ok"', 200, params({ result: 'ok' }), 'unknown-response'],
  ]
  for (const [what, status, body, code] of refusals) {
    it(`refuses with ${code} for ${what}`, () => {
      const answer = parseTicketAnswer(status, body)
      assert.equal(answer.type, 'refused')
      assert.equal(answer.type === 'refused' && answer.code, code)
    })
  }

  const faults: [string, number, string, string, retriable: boolean, trips: boolean][] = [
    ['HTML with 200', 200, page, 'backend-unavailable', false, true],
    ['nothing with 200', 200, '', 'backend-unavailable', false, true],
    ['half of a good answer', 200, params().slice(0, 80), 'backend-unavailable', false, true],
    ['a JSON text that is no object', 200, '"OK"', 'backend-unavailable', false, true],
    ['a JSON array', 200, '[]', 'backend-unavailable', false, true],
    ['null', 200, 'null', 'backend-unavailable', false, true],
    ['an empty object', 200, '{}', 'unknown-response', false, false],
    ['an empty response', 200, '{"response":{}}', 'unknown-response', false, false],
    ['a response that is a list', 200, '{"response":[{"params":{}}]}', 'unknown-response', false, false],
    ['params without a response', 200, JSON.stringify(JSON.parse(params()).response), 'unknown-response', false, false],
    ['an error without a code', 200, '{"response":{"error":{}}}', 'unknown-response', false, false],
    ['an error code that is text', 200, error('101'), 'unknown-response', false, false],
    ['an error that is null', 200, '{"response":{"error":null}}', 'unknown-response', false, false],
    ['no result', 200, params({ result: undefined }), 'unknown-response', false, false],
    ['a result that is true', 200, params({ result: true }), 'unknown-response', false, false],
    ['no SteamID', 200, params({ steamid: undefined }), 'unknown-response', false, false],
    ['a SteamID that is a number', 200, params({ steamid: Number(player) }), 'unknown-response', false, false],
    ['a SteamID of 16 digits', 200, params({ steamid: player.slice(1) }), 'unknown-response', false, false],
    ["a game server's SteamID", 200, params({ steamid: gameServer }), 'unknown-response', false, false],
    ['a SteamID of 0', 200, params({ steamid: '0' }), 'unknown-response', false, false],
    ['an owner that is no player', 200, params({ ownersteamid: gameServer }), 'unknown-response', false, false],
    ['an owner that is a number', 200, params({ ownersteamid: Number(player) }), 'unknown-response', false, false],
    ['no word on VAC bans', 200, params({ vacbanned: undefined }), 'unknown-response', false, false],
    ['a VAC ban that is text', 200, params({ vacbanned: 'false' }), 'unknown-response', false, false],
    ['no word on bans by the publisher', 200, params({ publisherbanned: undefined }), 'unknown-response', false, false],
    ['a ban that is null', 200, params({ publisherbanned: null }), 'unknown-response', false, false],
    ['a good answer from a prototype', 200, `{"__proto__":${params()}}`, 'unknown-response', false, false],
    ['a good answer with 201', 201, params(), 'backend-unavailable', false, true],
    ['a good answer with 403', 403, params(), 'backend-misconfigured', false, false],
    ['a good answer with 500', 500, params(), 'backend-unavailable', true, true],
    ['a redirect', 302, '', 'backend-misconfigured', false, false],
    ['400', 400, page, 'backend-misconfigured', false, false],
    ['401', 401, page, 'backend-misconfigured', false, false],
    ['403', 403, page, 'backend-misconfigured', false, false],
    ['404', 404, '', 'backend-misconfigured', false, false],
    ['405', 405, page, 'backend-misconfigured', false, false],
    ['429', 429, page, 'backend-throttled', true, true],
    ['500', 500, page, 'backend-unavailable', true, true],
    ['502', 502, '', 'backend-unavailable', true, true],
    ['503', 503, page, 'backend-unavailable', true, true],
    ['504', 504, page, 'backend-unavailable', true, true],
    ['a status that nobody knows', 799, page, 'backend-unavailable', false, true],
  ]
  for (const [what, status, body, code, retriable, trips] of faults) {
    it(`is a fault, ${code}, for ${what}`, () => {
      const answer = parseTicketAnswer(status, body)
      assert.deepEqual(answer.type === 'fault' && [answer.code, answer.retriable, answer.trips], [
        code,
        retriable,
        trips,
      ])
    })
  }

  it("repeats nothing of the answer's text", () => {
    const secret = 'SECRET'
    const bodies = [
      page.replace('Forbidden', secret),
      JSON.stringify({ response: { error: { errorcode: 101, errordesc: secret } } }),
      params({ result: secret }),
      params({ steamid: secret }),
      `{"response":"${secret}`,
    ]
    for (const body of bodies) assert.doesNotMatch(JSON.stringify(parseTicketAnswer(200, body)), /SECRET/)
  })
})

describe('parseBansAnswer', () => {
  const record = {
    SteamId: player,
    CommunityBanned: false,
    VACBanned: true,
    NumberOfVACBans: 2,
    DaysSinceLastBan: 17,
    NumberOfGameBans: 1,
    EconomyBan: 'none',
  }
  const read = { steamId: player, vacBanned: true, vacBans: 2, gameBans: 1, daysSinceLastBan: 17 }

  it('reads bans', () => {
    assert.deepEqual(parseBansAnswer(200, JSON.stringify({ players: [record] })), { type: 'bans', players: [read] })
    assert.deepEqual(parseBansAnswer(200, '{"players":[]}'), { type: 'bans', players: [] })
  })

  it('does without the two fields that old answers lack', () => {
    const { NumberOfVACBans: _, DaysSinceLastBan: __, ...old } = record
    assert.deepEqual(parseBansAnswer(200, JSON.stringify({ players: [old] })), {
      type: 'bans',
      players: [{ ...read, vacBans: 1, daysSinceLastBan: undefined }],
    })
  })

  const unknown: [string, unknown][] = [
    ['a list within "response"', { response: { players: [record] } }],
    ['players that are an object', { players: { 0: record } }],
    ['a player that is null', { players: [null] }],
    ['a SteamID that is a number', { players: [{ ...record, SteamId: Number(player) }] }],
    ['a flag that is text', { players: [{ ...record, VACBanned: 'true' }] }],
    ['a number that is text', { players: [{ ...record, NumberOfGameBans: '1' }] }],
    ['a negative number', { players: [{ ...record, NumberOfVACBans: -1 }] }],
    ['half a day', { players: [{ ...record, DaysSinceLastBan: 0.5 }] }],
  ]
  for (const [what, body] of unknown) {
    it(`is a fault for ${what}`, () => {
      const answer = parseBansAnswer(200, JSON.stringify(body))
      assert.equal(answer.type === 'fault' && answer.code, 'unknown-response')
    })
  }

  it('is a fault for every other status and for HTML', () => {
    for (const [status, body, code] of [
      [403, page, 'backend-misconfigured'],
      [429, '', 'backend-throttled'],
      [503, JSON.stringify({ players: [record] }), 'backend-unavailable'],
      [200, page, 'backend-unavailable'],
    ] as const) {
      const answer = parseBansAnswer(status, body)
      assert.equal(answer.type === 'fault' && answer.code, code)
    }
  })
})

describe('parseOwnershipAnswer', () => {
  const owned = { result: 'OK', ownsapp: true, permanent: false, timestamp: '', ownersteamid: owner }

  it('reads whether the player has the app', () => {
    for (const [ownsapp, ownsApp] of [
      [true, true],
      [false, false],
      [1, true],
      [0, false],
    ] as const) {
      const body = JSON.stringify({ appownership: { ...owned, ownsapp } })
      assert.deepEqual(parseOwnershipAnswer(200, body), { type: 'ownership', ownsApp })
    }
  })

  const unknown: [string, unknown][] = [
    ['no ownership', {}],
    ['a result other than OK', { appownership: { ...owned, result: 'Fail' } }],
    ['a flag that is text', { appownership: { ...owned, ownsapp: 'true' } }],
    ['no flag', { appownership: { result: 'OK' } }],
  ]
  for (const [what, body] of unknown) {
    it(`is a fault for ${what}`, () => {
      const answer = parseOwnershipAnswer(200, JSON.stringify(body))
      assert.equal(answer.type === 'fault' && answer.code, 'unknown-response')
    })
  }
})
