import { abortable } from '../authentication/abortable.ts'
import type { LicenseAnswer } from '../authentication/authentication.ts'
import { toBackendRefusal } from '../codes/backend-refusal.ts'
import { createRefusal, type Refusal } from '../codes/refusal.ts'
import type { Awaitable, TicketReading } from '../ports/backend.ts'
import type { CancelableCall } from '../ports/cancellation.ts'
import type { AppId, SteamId } from '../steam-id.ts'
import type { GateContext } from './context.ts'
import type { Policy, PolicyRefusal, VerifiedPlayer } from './options.ts'
import type { Player } from './player.ts'

/** @internal What the checks need of the verification they belong to. */
export interface CheckContext {
  readonly gate: GateContext
  readonly reading: TicketReading | undefined
  readonly address: string | undefined
  readonly isRenewal: boolean
  /** Given up with what they are checked for. */
  readonly call: CancelableCall
  stopped(): Refusal | undefined
}

type Check = (context: CheckContext, player: Player) => Awaitable<Refusal | undefined>

/** In this order: what is known comes before what others are asked for. */
const checks: readonly Check[] = [
  checkBanFlags,
  checkFamilySharing,
  checkOwnerBans,
  checkBanList,
  checkLicenses,
  checkLoginRate,
  checkPolicies,
]

/**
 * @internal Everything that is asked about a player whom Steam found good: Steam's bans, family sharing, the
 * game's ban list, licences, login rate, the game's policies. `undefined` when all agree. A renewal skips the
 * last two: the player is inside already.
 *
 * At once when everybody who is asked answers at once: a promise for each step is a tenth of what a gate costs.
 */
export function checkPlayer(context: CheckContext, player: Player): Awaitable<Refusal | undefined> {
  return firstRefusal(checks, runCheck, context, player)
}

function runCheck(check: Check, context: CheckContext, player: Player): Awaitable<Refusal | undefined> {
  return check(context, player)
}

/** Asks for one item after the other. What it is about is handed on, so that no step needs a function of its own. */
function firstRefusal<Item, Subject>(
  items: readonly Item[],
  ask: (item: Item, context: CheckContext, subject: Subject) => Awaitable<Refusal | undefined>,
  context: CheckContext,
  subject: Subject,
  first = 0,
): Awaitable<Refusal | undefined> {
  for (let index = first; index < items.length; index++) {
    const refused = ask(items[index]!, context, subject)
    if (refused instanceof Promise) {
      return refused.then((later) => later ?? firstRefusal(items, ask, context, subject, index + 1))
    }
    if (refused !== undefined) return refused
  }
  return undefined
}

/** The flags beside a good verdict. They are Steam's word on the player, so older connections go too. */
function checkBanFlags({ gate }: CheckContext, player: Player): Refusal | undefined {
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

function checkFamilySharing({ gate }: CheckContext, player: Player): Refusal | undefined {
  if (!isBorrowed(player) || gate.settings.familySharing === 'allow') return undefined
  return createRefusal('family-sharing-refused')
}

function isBorrowed(player: Player): boolean {
  return player.ownerSteamId !== player.steamId
}

/** What Steam says of the owner of a borrowed copy. */
function checkOwnerBans(context: CheckContext, player: Player): Awaitable<Refusal | undefined> {
  if (!isBorrowed(player) || !context.gate.settings.bans.followOwner || player.session === undefined) return undefined
  return askOwnerBans(context, player.ownerSteamId)
}

async function askOwnerBans(context: CheckContext, owner: SteamId): Promise<Refusal | undefined> {
  const { backend, settings } = context.gate
  if (backend.getPlayerBans === undefined) return undefined
  try {
    const bans = await orAborted(backend.getPlayerBans([owner], context.call), context.call)
    const found = bans.find((each) => each.steamId === owner)
    // Steam has just named this owner: that it knows nothing of them is not the word that they are not banned.
    if (found === undefined)
      return context.stopped() ?? createRefusal('unknown-response', { detail: 'no bans of the owner' })
    if (found.publisherBanned && settings.bans.publisher === 'refuse') return createRefusal('owner-banned')
    if (found.vacBanned && settings.bans.vac === 'refuse') return createRefusal('owner-banned')
  } catch (error) {
    return judgeFault(context, error)
  }
  return context.stopped()
}

/** The game's own list, for the player and then for the owner of a borrowed copy. */
function checkBanList(context: CheckContext, player: Player): Awaitable<Refusal | undefined> {
  const { isBanned, followOwner } = context.gate.settings.bans
  if (isBanned === undefined) return undefined
  const asked = orAborted(isBanned(player.steamId, context.call.context), context.call)
  if (asked === false && !(followOwner && isBorrowed(player))) return context.stopped()
  return asked === true ? createRefusal('banned') : askBanList(context, player, asked)
}

async function askBanList(
  context: CheckContext,
  player: Player,
  asked: Awaitable<boolean>,
): Promise<Refusal | undefined> {
  const { isBanned, followOwner } = context.gate.settings.bans
  // Before anybody is waited for: Steam may have given the copy another owner by then.
  const { ownerSteamId } = player
  const followsOwner = followOwner && isBorrowed(player)
  if (await asked) return createRefusal('banned')
  if (followsOwner && (await orAborted(isBanned!(ownerSteamId, context.call.context), context.call))) {
    return createRefusal('owner-banned')
  }
  return context.stopped()
}

function checkLicenses(context: CheckContext, player: Player): Awaitable<Refusal | undefined> {
  if (player.session === undefined) return undefined
  return firstRefusal(context.gate.settings.requiredLicenses, checkLicense, context, player)
}

function checkLicense(appId: AppId, context: CheckContext, { steamId }: Player): Awaitable<Refusal | undefined> {
  try {
    const answer = context.gate.authentication.lookUpLicense(steamId, appId, context.call)
    if (!(answer instanceof Promise)) return judgeLicense(context, appId, answer)
    return answer.then(
      (later) => judgeLicense(context, appId, later),
      (error: unknown) => judgeFault(context, error),
    )
  } catch (error) {
    return judgeFault(context, error)
  }
}

function judgeLicense(context: CheckContext, appId: AppId, answer: LicenseAnswer): Refusal | undefined {
  const stopped = context.stopped()
  if (stopped !== undefined || answer === 'has-license') return stopped
  return createRefusal('license-required', { detail: `app ${appId}: ${answer}` })
}

/** What a backend threw. Anything but its own faults goes on, and whoever runs the checks reports it. */
function judgeFault(context: CheckContext, error: unknown): Refusal {
  const refused = context.stopped() ?? toBackendRefusal(error)
  if (refused === undefined) throw error
  return refused
}

function checkLoginRate({ gate, isRenewal }: CheckContext, { session, steamId }: Player): Refusal | undefined {
  // Without a verdict nobody knows whether it is theirs.
  const waitMs = isRenewal || session === undefined ? 0 : (gate.logins?.take(steamId) ?? 0)
  return waitMs > 0 ? createRefusal('too-many-logins', { retryAfterMs: waitMs }) : undefined
}

function checkPolicies(context: CheckContext, player: Player): Awaitable<Refusal | undefined> {
  const { policies } = context.gate.settings
  if (context.isRenewal || policies.length === 0) return undefined
  const { reading } = context
  const verified: VerifiedPlayer = Object.freeze({
    steamId: player.steamId,
    ownerSteamId: player.ownerSteamId,
    isBorrowed: isBorrowed(player),
    appId: reading!.appId!,
    fingerprint: reading!.fingerprint,
    address: context.address,
    admissions: player.total,
  })
  return firstRefusal(policies, askPolicy, context, verified)
}

function askPolicy(policy: Policy, context: CheckContext, verified: VerifiedPlayer): Awaitable<Refusal | undefined> {
  const { call } = context
  const answer = orAborted<PolicyRefusal | undefined | void>(policy(verified, call.context), call)
  return answer instanceof Promise
    ? answer.then((later) => context.stopped() ?? toPolicyRefusal(later))
    : (context.stopped() ?? toPolicyRefusal(answer))
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

function toPolicyRefusal(answer: unknown): Refusal | undefined {
  if (answer === undefined || answer === null) return undefined
  if (!isPolicyRefusal(answer)) {
    throw new TypeError('a policy must answer nothing or { code } with 1 to 64 of a-z 0-9 - _ . /')
  }
  const { code, message, retryAfterMs } = answer
  return createRefusal('policy-refused', { customCode: code, message, retryAfterMs })
}

/** Waits no longer than the call, also for those who do not heed it: a session would stay open as long. */
function orAborted<Value>(asked: Awaitable<Value>, call: CancelableCall): Awaitable<Value> {
  const isPromise = typeof asked === 'object' && asked !== null && 'then' in asked
  return isPromise ? abortable(Promise.resolve(asked), call.signal) : asked
}
