import { type SteamId as CoreSteamId, isSteamId } from '@ticketgate/core'

/** A SteamID taken apart. */
export interface ParsedSteamId {
  /** The 64-bit form in decimal digits: 17 of them for everything in the public universe but groups and chats. */
  readonly steamId: CoreSteamId
  /** Low 32 bits: the number of the account within its universe and type. */
  readonly accountId: number
  /** 20 bits. 1 for a player's account; game servers have others. */
  readonly instance: number
  /** EAccountType, 4 bits: 1 individual, 3 game server, 4 anonymous game server, 7 group, 8 chat. */
  readonly type: number
  /** EUniverse, 8 bits: 1 public, 2 beta, 3 internal, 4 dev. */
  readonly universe: number
  /** Whether Steam could have given it to anybody: known universe and type, and numbers that fit the type. */
  readonly isValid: boolean
  /** Whether it is a player: valid, an individual account of the public universe. */
  readonly isIndividual: boolean
  /** Whether it is a valid game server, with an account or without. */
  readonly isGameServer: boolean
  /** Whether it is a valid game server without an account, which gets a new SteamID at every logon. */
  readonly isAnonymousGameServer: boolean
  /** `STEAM_1:1:123`; `undefined` for what is no individual account. */
  readonly steam2: string | undefined
  /** `[U:1:123]` */
  readonly steam3: string
}

/** EAccountType (Steamworks SDK, steamclientpublic.h). */
const accountType = Object.freeze({ individual: 1, gameServer: 3, anonymousGameServer: 4, clan: 7, max: 11 })

const typeLetters = 'IUMGAPCgT?a'
const desktopInstance = 1
// 17 digits begin here; every SteamID of a known universe is above.
const lowest = 10n ** 16n
const highest = 2n ** 64n - 1n

/**
 * Takes a SteamID apart: 64-bit form as digits or bigint, `STEAM_0:1:123`, `[U:1:123]` or
 * `[A:1:123:456]`. What it finds may be no player: see `isIndividual`.
 *
 * @throws TypeError for anything else; numbers too, since they cannot hold a SteamID exactly.
 */
function parse(value: string | bigint): ParsedSteamId {
  if (typeof value === 'bigint') {
    if (value < lowest || value > highest) throw notASteamId()
    return describe(value)
  }
  if (typeof value !== 'string' || value.length > 64) throw notASteamId()
  if (/^[1-9][0-9]{16,19}$/.test(value)) {
    const id = BigInt(value)
    if (id > highest) throw notASteamId()
    return describe(id)
  }
  const steam2 = /^STEAM_([0-4]):([01]):([0-9]{1,10})$/.exec(value)
  if (steam2) {
    // Games older than universes write 0 for the public one.
    return build(
      Number(steam2[1]) || 1,
      accountType.individual,
      desktopInstance,
      Number(steam2[3]) * 2 + Number(steam2[2]),
    )
  }
  const steam3 = /^\[([IUMGAPCgTLca]):([0-4]):([0-9]{1,10})(?::([0-9]{1,7}))?\]$/.exec(value)
  if (steam3) return parseSteam3(steam3)
  throw notASteamId()
}

function parseSteam3([, letter, universe, accountId, instance]: RegExpExecArray): ParsedSteamId {
  const isChat = letter === 'T' || letter === 'L' || letter === 'c'
  const type = isChat ? typeLetters.indexOf('T') : typeLetters.indexOf(letter as string)
  // Chats keep flags in the upper bits of the instance: 0x80000 for a group's, 0x40000 for a lobby.
  const flags = letter === 'c' ? 0x80000 : letter === 'L' ? 0x40000 : 0
  const usual = type === accountType.individual ? desktopInstance : 0
  return build(Number(universe), type, (instance === undefined ? usual : Number(instance)) | flags, Number(accountId))
}

/**
 * The SteamID of a player by account number, from 1 to 4294967295.
 *
 * @throws TypeError for other numbers.
 */
function fromAccountId(accountId: number): CoreSteamId {
  if (!Number.isInteger(accountId) || accountId < 1 || accountId > 0xffff_ffff) {
    throw new TypeError('"accountId" must be an integer from 1 to 4294967295')
  }
  return build(1, accountType.individual, desktopInstance, accountId).steamId
}

function build(universe: number, type: number, instance: number, accountId: number): ParsedSteamId {
  if (accountId > 0xffff_ffff || instance > 0xf_ffff) throw notASteamId()
  const id = (BigInt(universe) << 56n) | (BigInt(type) << 52n) | (BigInt(instance) << 32n) | BigInt(accountId)
  // Universe 0 gives fewer than 17 digits and exists nowhere.
  if (id < lowest) throw notASteamId()
  return describe(id)
}

function describe(id: bigint): ParsedSteamId {
  const accountId = Number(id & 0xffff_ffffn)
  const instance = Number((id >> 32n) & 0xf_ffffn)
  const type = Number((id >> 52n) & 0xfn)
  const universe = Number(id >> 56n)
  const steamId = id.toString()
  const isValid = isValidId(universe, type, instance, accountId)
  return Object.freeze({
    steamId,
    accountId,
    instance,
    type,
    universe,
    isValid,
    isIndividual: isSteamId(steamId),
    isGameServer: isValid && (type === accountType.gameServer || type === accountType.anonymousGameServer),
    isAnonymousGameServer: isValid && type === accountType.anonymousGameServer,
    steam2:
      type === accountType.individual ? `STEAM_${universe}:${accountId & 1}:${Math.floor(accountId / 2)}` : undefined,
    steam3: renderSteam3(universe, type, instance, accountId),
  })
}

/** The rule of CSteamID::IsValid (Steamworks SDK, steamclientpublic.h). */
function isValidId(universe: number, type: number, instance: number, accountId: number): boolean {
  if (universe < 1 || universe > 4 || type < 1 || type >= accountType.max) return false
  if (type === accountType.individual) return accountId !== 0 && instance === desktopInstance
  if (type === accountType.clan) return accountId !== 0 && instance === 0
  return type !== accountType.gameServer || accountId !== 0
}

function renderSteam3(universe: number, type: number, instance: number, accountId: number): string {
  const letter = typeLetters[type] ?? '?'
  const usual = type === accountType.individual ? desktopInstance : 0
  return instance === usual
    ? `[${letter}:${universe}:${accountId}]`
    : `[${letter}:${universe}:${accountId}:${instance}]`
}

// The value is left out: callers pass what strangers sent.
function notASteamId(): TypeError {
  return new TypeError('Not a SteamID: expected 17 digits, a bigint, STEAM_0:1:123 or [U:1:123]')
}

/** A player's SteamID: a string of exactly 17 digits. */
export type SteamId = CoreSteamId

/** Reading and making SteamIDs. */
export const SteamId = Object.freeze({
  parse,
  /** Whether a value is the SteamID of a player: 17 digits, an individual account of the public universe. */
  is: (value: unknown): value is CoreSteamId => isSteamId(value),
  fromAccountId,
})
