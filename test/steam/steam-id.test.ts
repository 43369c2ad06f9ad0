import assert from 'node:assert/strict'
import { SteamId } from '@ticketgate/steam'
import fc from 'fast-check'

describe('SteamId.parse', () => {
  it('takes a player apart', () => {
    const expected = {
      steamId: '76561197960287930',
      accountId: 22202,
      instance: 1,
      type: 1,
      universe: 1,
      isValid: true,
      isIndividual: true,
      isGameServer: false,
      isAnonymousGameServer: false,
      steam2: 'STEAM_1:0:11101',
      steam3: '[U:1:22202]',
    }
    for (const form of [
      '76561197960287930',
      76561197960287930n,
      'STEAM_0:0:11101',
      'STEAM_1:0:11101',
      '[U:1:22202]',
      '[U:1:22202:1]',
    ]) {
      assert.deepEqual({ ...SteamId.parse(form) }, expected)
    }
  })

  it('returns to the same SteamID from every form it renders', () => {
    fc.assert(
      fc.property(
        fc.nat(0xffffffff),
        fc.constantFrom(1, 3, 4),
        fc.nat(0xfffff),
        fc.constantFrom(1n, 2n, 3n, 4n),
        (accountId, type, instance, universe) => {
          const id = (universe << 56n) | (BigInt(type) << 52n) | (BigInt(instance) << 32n) | BigInt(accountId)
          const parsed = SteamId.parse(id)
          assert.equal(parsed.steamId, id.toString())
          assert.deepEqual(SteamId.parse(parsed.steamId), parsed)
          assert.deepEqual(SteamId.parse(parsed.steam3), parsed)
          if (parsed.isIndividual) assert.deepEqual(SteamId.parse(parsed.steam2 as string), parsed)
          assert.equal(SteamId.is(parsed.steamId), parsed.isIndividual)
        },
      ),
    )
  })

  const kinds: [string, string, string, Partial<ReturnType<typeof SteamId.parse>>][] = [
    ['the first player', '76561197960265729', '[U:1:1]', { isIndividual: true, accountId: 1 }],
    ['the last player', '76561202255233023', '[U:1:4294967295]', { isIndividual: true, accountId: 0xffffffff }],
    ['account 0', '76561197960265728', '[U:1:0]', { isIndividual: false, isValid: false }],
    ['a player of another instance', '76561202255233025', '[U:1:1:2]', { isIndividual: false, isValid: false }],
    ['a player of the beta universe', '148618791998193665', '[U:2:1]', { isIndividual: false, isValid: true }],
    ['a game server', '85568392920039424', '[G:1:0]', { isGameServer: false, isValid: false }],
    [
      'a game server with an account',
      '85568392920039431',
      '[G:1:7]',
      { isGameServer: true, isAnonymousGameServer: false },
    ],
    ['an anonymous game server', '90071992547409920', '[A:1:0]', { isGameServer: true, isAnonymousGameServer: true }],
    [
      'an anonymous game server with an instance',
      '90088171689223175',
      '[A:1:9223:3767]',
      { isGameServer: true, instance: 3767 },
    ],
    ['a group', '103582791429521412', '[g:1:4]', { type: 7, isValid: true, isIndividual: false }],
  ]
  for (const [name, digits, steam3, expected] of kinds) {
    it(`knows ${name}`, () => {
      const parsed = SteamId.parse(digits)
      for (const [field, value] of Object.entries(expected)) assert.equal(Reflect.get(parsed, field), value, field)
      assert.equal(parsed.steam3, steam3)
      assert.deepEqual(SteamId.parse(steam3), parsed)
    })
  }

  const wrong: unknown[] = [
    '',
    '0',
    '22202',
    '076561197960287930',
    '7656119796028793x',
    ' 76561197960287930',
    '76561197960287930\n',
    '18446744073709551616',
    '999999999999999999999',
    'STEAM_5:0:1',
    'STEAM_0:2:1',
    'STEAM_0:1:2147483648',
    'steam_0:1:1',
    '[U:1:4294967296]',
    '[U:0:5]',
    '[U:1:1:1048576]',
    '[X:1:1]',
    '[U:1:1',
    '١٢٣٤٥٦٧٨٩٠١٢٣٤٥٦٧',
    '7'.repeat(1e6),
    Number('76561197960287930'),
    5n,
    -1n,
    2n ** 64n,
    null,
    undefined,
    {},
    ['76561197960287930'],
  ]
  for (const value of wrong) {
    it(`refuses ${typeof value} ${String(value).slice(0, 24)}`, () => {
      assert.throws(() => SteamId.parse(value as string), { name: 'TypeError', message: /^Not a SteamID/ })
      assert.equal(SteamId.is(value), false)
    })
  }
})

describe('SteamId.fromAccountId', () => {
  it('makes a player of the public universe', () => {
    assert.equal(SteamId.fromAccountId(22202), '76561197960287930')
    assert.equal(SteamId.fromAccountId(0xffffffff), '76561202255233023')
  })

  for (const value of [0, -1, 1.5, 2 ** 32, Number.NaN, '5', 5n]) {
    it(`refuses ${typeof value} ${value}`, () => {
      assert.throws(() => SteamId.fromAccountId(value as number), /^TypeError: "accountId"/)
    })
  }
})
