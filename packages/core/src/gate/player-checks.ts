import { createRefusal, type Refusal } from '../codes/refusal.ts'
import type { TicketReading } from '../ports/backend.ts'
import type { SteamId } from '../steam-id.ts'
import type { GateContext } from './context.ts'
import type { PolicyRefusal, VerifiedPlayer } from './options.ts'
import type { Player } from './player.ts'
import { toBackendRefusal } from './verification.ts'

/** @internal What the checks need of the verification they belong to. */
export interface CheckContext {
  readonly gate: GateContext
  readonly reading: TicketReading | undefined
  readonly address: string | undefined
  readonly isRenewal: boolean
  readonly signal: AbortSignal
  stopped(): Refusal | undefined
}

/**
 * @internal Everything that is asked about a player whom Steam found good: Steam's bans, family sharing, the
 * game's ban list, licences, login rate, the game's policies. `undefined` when all agree. A renewal skips the
 * last two: the player is inside already.
 */
export async function checkPlayer(context: CheckContext, player: Player): Promise<Refusal | undefined> {
  const { gate } = context
  const { settings } = gate
  const banned = checkBanFlags(gate, player)
  if (banned !== undefined) return banned
  const { steamId, ownerSteamId } = player
  const isBorrowed = ownerSteamId !== steamId
  if (isBorrowed && settings.familySharing === 'refuse') return createRefusal('family-sharing-refused')

  if (isBorrowed && settings.bans.followOwner && player.session !== undefined) {
    const ownerBanned = await checkOwnerBans(context, ownerSteamId)
    if (ownerBanned !== undefined) return ownerBanned
  }
  const { isBanned } = settings.bans
  if (isBanned !== undefined) {
    if (await isBanned(steamId, { signal: context.signal })) return createRefusal('banned')
    if (isBorrowed && settings.bans.followOwner && (await isBanned(ownerSteamId, { signal: context.signal }))) {
      return createRefusal('owner-banned')
    }
    const stopped = context.stopped()
    if (stopped !== undefined) return stopped
  }
  if (settings.requiredLicenses.length > 0 && player.session !== undefined) {
    const unlicensed = await checkLicenses(context, steamId)
    if (unlicensed !== undefined) return unlicensed
  }
  if (context.isRenewal) return undefined

  const waitMs = gate.logins?.take(steamId) ?? 0
  if (waitMs > 0) return createRefusal('too-many-logins', { retryAfterMs: waitMs })
  return settings.policies.length > 0 ? askPolicies(context, player) : undefined
}

/** The flags beside a good verdict. They are Steam's word on the player, so older connections go too. */
function checkBanFlags(gate: GateContext, player: Player): Refusal | undefined {
  const { session } = player
  if (session === undefined) return undefined
  const { bans } = gate.settings
  const code =
    session.publisherBanned && bans.publisher === 'refuse'
      ? 'publisher-banned'
      : session.vacBanned && bans.vac === 'refuse'
        ? 'vac-banned'
        : undefined
  if (code === undefined) return undefined
  const refusal = createRefusal(code)
  if (player.first !== undefined) gate.players.revoke(player, refusal, 'steam')
  return refusal
}

async function checkOwnerBans(context: CheckContext, owner: SteamId): Promise<Refusal | undefined> {
  const { backend, settings } = context.gate
  if (backend.getPlayerBans === undefined) return undefined
  try {
    const bans = await backend.getPlayerBans([owner], context.signal)
    const found = bans.find((each) => each.steamId === owner)
    if (found?.publisherBanned === true && settings.bans.publisher === 'refuse') return createRefusal('owner-banned')
    if (found?.vacBanned === true && settings.bans.vac === 'refuse') return createRefusal('owner-banned')
  } catch (error) {
    return context.stopped() ?? toBackendRefusal(error)
  }
  return context.stopped()
}

async function checkLicenses(context: CheckContext, steamId: SteamId): Promise<Refusal | undefined> {
  const { authentication, settings } = context.gate
  try {
    for (const appId of settings.requiredLicenses) {
      const answer = await authentication.userHasLicenseForApp(steamId, appId, { signal: context.signal })
      const stopped = context.stopped()
      if (stopped !== undefined) return stopped
      if (answer !== 'has-license') return createRefusal('license-required', { detail: `app ${appId}: ${answer}` })
    }
  } catch (error) {
    return context.stopped() ?? toBackendRefusal(error)
  }
  return undefined
}

const customCode = /^[a-z0-9\-_./]{1,64}$/

async function askPolicies(context: CheckContext, player: Player): Promise<Refusal | undefined> {
  const { reading } = context
  const verified: VerifiedPlayer = Object.freeze({
    steamId: player.steamId,
    ownerSteamId: player.ownerSteamId,
    isBorrowed: player.ownerSteamId !== player.steamId,
    appId: reading!.appId!,
    fingerprint: reading!.fingerprint,
    address: context.address,
    admissions: player.total,
  })
  for (const policy of context.gate.settings.policies) {
    const answer: PolicyRefusal | undefined | void = await policy(verified, { signal: context.signal })
    const stopped = context.stopped()
    if (stopped !== undefined) return stopped
    if (answer === undefined || answer === null) continue
    if (typeof answer !== 'object' || typeof answer.code !== 'string' || !customCode.test(answer.code)) {
      throw new TypeError('a policy must answer nothing or { code } with 1 to 64 of a-z 0-9 - _ . /')
    }
    return createRefusal('policy-refused', {
      customCode: answer.code,
      message: answer.message,
      retryAfterMs: answer.retryAfterMs,
    })
  }
  return undefined
}
