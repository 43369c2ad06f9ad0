import { abortable } from '../authentication/abortable.ts'
import { createRefusal, type Refusal } from '../codes/refusal.ts'
import type { Awaitable, TicketReading } from '../ports/backend.ts'
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
    const { signal } = context
    const answer: Awaitable<boolean> = orAborted(isBanned(steamId, { signal }), signal)
    const isOut: boolean = answer instanceof Promise ? await answer : answer
    if (isOut) return createRefusal('banned')
    const followsOwner = isBorrowed && settings.bans.followOwner
    if (followsOwner && (await orAborted(isBanned(ownerSteamId, { signal }), signal))) {
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

  // Without a verdict nobody knows whether it is theirs.
  const waitMs = player.session === undefined ? 0 : (gate.logins?.take(steamId) ?? 0)
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
    const bans = await orAborted(backend.getPlayerBans([owner], context.signal), context.signal)
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

/** Waits no longer than the signal, also for those who do not heed it: a session would stay open as long. */
function orAborted<Value>(asked: Awaitable<Value>, signal: AbortSignal): Awaitable<Value> {
  const isPromise = typeof asked === 'object' && asked !== null && 'then' in asked
  return isPromise ? abortable(Promise.resolve(asked), signal) : asked
}

const customCode = /^[a-z0-9\-_./]{1,64}$/

// What a policy says goes to the client: a wrong type in it must not.
function isPolicyRefusal(answer: unknown): answer is PolicyRefusal {
  if (typeof answer !== 'object' || answer === null) return false
  const { code, message, retryAfterMs } = answer as Partial<Record<keyof PolicyRefusal, unknown>>
  return (
    typeof code === 'string' &&
    customCode.test(code) &&
    (message === undefined || typeof message === 'string') &&
    (retryAfterMs === undefined || Number.isFinite(retryAfterMs))
  )
}

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
    const { signal } = context
    const asked = orAborted<PolicyRefusal | undefined | void>(policy(verified, { signal }), signal)
    const answer = asked instanceof Promise ? await asked : asked
    const stopped = context.stopped()
    if (stopped !== undefined) return stopped
    if (answer === undefined || answer === null) continue
    if (!isPolicyRefusal(answer)) {
      throw new TypeError('a policy must answer nothing or { code } with 1 to 64 of a-z 0-9 - _ . /')
    }
    const { code, message, retryAfterMs } = answer
    return createRefusal('policy-refused', { customCode: code, message, retryAfterMs })
  }
  return undefined
}
