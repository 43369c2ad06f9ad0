// Answers as a broken proxy, another version or an attacker might give them; for the fuzz test.

const player = '76561197960287930'
const ok = { result: 'OK', steamid: player, ownersteamid: player, vacbanned: false, publisherbanned: false }
const seeds = [
  JSON.stringify({ response: { params: ok } }),
  JSON.stringify({ response: { params: { ...ok, ownersteamid: '76561197960265999', vacbanned: true } } }),
  JSON.stringify({ response: { error: { errorcode: 101, errordesc: 'Invalid ticket' } } }),
  JSON.stringify({
    players: [{ SteamId: player, VACBanned: true, NumberOfVACBans: 1, DaysSinceLastBan: 3, NumberOfGameBans: 0 }],
  }),
  JSON.stringify({ appownership: { result: 'OK', ownsapp: true, ownersteamid: player } }),
  '<html><body><h1>Forbidden</h1>Access is denied.</body></html>',
  '',
]
const snippets = [
  '{',
  '}',
  '[',
  ']',
  ':',
  ',',
  '"',
  '\\',
  '0',
  '1',
  '-1',
  '1e400',
  'true',
  'false',
  'null',
  '"OK"',
  '"0"',
  '"result"',
  '"response"',
  '"params"',
  '"error"',
  '"errorcode"',
  '"steamid"',
  '"__proto__"',
  '"vacbanned"',
  `"${player}"`,
  player,
  '3',
  '101',
  '102',
  '\u0000',
  '\ufeff',
  '\ud800',
  '[[[[[[[[',
]
const statuses = [200, 200, 200, 200, 201, 204, 302, 400, 401, 403, 404, 405, 429, 500, 503, 0, -1, 999, Number.NaN]
const values: unknown[] = [
  null,
  true,
  false,
  0,
  1,
  -1,
  3,
  101,
  102,
  1e300,
  '',
  '0',
  'OK',
  'ok',
  'true',
  player,
  Number(player),
  [],
  {},
  [ok],
  ok,
  { params: ok },
  '76561197960265999',
  '90071992547409921',
]

/** One status and body; `below` gives an integer from 0 to its argument, exclusive. */
export function makeAnswer(below: (limit: number) => number): { status: number; body: string } {
  const status = statuses[below(statuses.length)]!
  const body = below(2) === 0 ? mutateText(below) : mutateValue(below)
  return { status, body }
}

function mutateText(below: (limit: number) => number): string {
  let text = seeds[below(seeds.length)]!
  for (let edits = below(6); edits > 0; edits--) {
    const at = below(text.length + 1)
    const length = below(8)
    const snippet = below(3) === 0 ? String.fromCharCode(below(0x10000)) : snippets[below(snippets.length)]!
    switch (below(4)) {
      case 0:
        text = text.slice(0, at)
        break
      case 1:
        text = text.slice(0, at) + text.slice(at + length)
        break
      case 2:
        text = text.slice(0, at) + snippet + text.slice(at)
        break
      default:
        text = text.slice(0, at) + snippet + text.slice(at + length)
    }
  }
  return text
}

/** The right shape with wrong values, which mutated text hardly ever is. */
function mutateValue(below: (limit: number) => number): string {
  const any = (): unknown => values[below(values.length)]
  const params: Record<string, unknown> = { ...ok }
  const names = Object.keys(params)
  for (let edits = below(4); edits > 0; edits--) {
    const name = names[below(names.length)]!
    if (below(4) === 0) delete params[name]
    else params[name] = any()
  }
  const response: Record<string, unknown> = {}
  if (below(8) > 0) response.params = below(8) === 0 ? any() : params
  if (below(4) === 0) response.error = below(4) === 0 ? any() : { errorcode: any() }
  return JSON.stringify(below(16) === 0 ? any() : { response: below(16) === 0 ? any() : response })
}

/** xorshift32: the same seed gives the same answers. */
export function createRandom(seed: number): (limit: number) => number {
  let state = Math.imul(seed, 2_654_435_761) | 1
  return function below(limit) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % limit
  }
}
