import type { KeyObject } from 'node:crypto'
import {
  type AppId,
  type Awaitable,
  type Clock,
  isAppId,
  type Logger,
  requireInteger,
  requireObject,
  silentLogger,
  systemClock,
} from '@ticketgate/core'
import { parseBaseUrl, type Target, targetOfHost } from './target.ts'

/** A Web API key, or what gives it: called for every call, so that it can rotate. */
export type WebApiKey = string | (() => Awaitable<string>)

/** One app whose tickets are accepted. */
export interface WebApiApp {
  readonly appId: AppId
  /** The key of this app's group. @default the backend's `key` */
  readonly key?: WebApiKey
}

/** Anything that runs a function, perhaps several times, perhaps not at all; cockatiel's policies have this shape. */
export interface CallPolicy {
  execute<T>(fn: (context?: { readonly signal?: AbortSignal }) => PromiseLike<T>, signal?: AbortSignal): PromiseLike<T>
}

/** As much of an undici dispatcher as is used: those of every version that has handlers of one shape (7 and 8) fit. */
export interface CallDispatcher {
  dispatch(options: never, handler: never): boolean
}

/** When calls are stopped because Steam seems away. */
export interface BreakerOptions {
  /** The share of failed calls that must be exceeded; above 0, below 1. @default 0.5 */
  readonly failureShare?: number
  /** Over how many of the last calls; 1 to 10,000. @default 20 */
  readonly window?: number
  /** Calls that must have been made before it may open; 1 to `window`. @default 5 */
  readonly minimumCalls?: number
  /** Until Steam is probed for the first time, in milliseconds; doubles with each failed probe. @default 5_000 */
  readonly openMs?: number
  /** The longest time between two probes, in milliseconds. @default 60_000 */
  readonly maxOpenMs?: number
}

/** Questions to Steam about players who are inside. */
export interface RecheckOptions {
  /** Ask for everybody's bans this often, in milliseconds; at least 10,000. @default never */
  readonly bansEveryMs?: number
  /** Ask whether a player still has the app this often, in milliseconds; at least 10,000. @default never */
  readonly ownershipEveryMs?: number
  /** Calls that re-checks may make in a day, evenly spread; when they are too few, re-checks come later. @default 10_000 */
  readonly callsPerDay?: number
}

/** What may be set on a Web API backend. `apps` is required, and a `key` for each of them. */
export interface SteamWebApiOptions {
  /** The key of every app that has none of its own. With the default host a publisher key. */
  readonly key?: WebApiKey
  /** Whose tickets are accepted: one app id, several, or apps with keys of their own (demo, playtest). */
  readonly apps: AppId | readonly (AppId | WebApiApp)[]
  /**
   * The identity that tickets must be made for: 1 to 31 characters of `A-Z a-z 0-9 - _ . :`. Only needed
   * without a gate: the gate sends its own with each ticket, and one that differs from this is refused.
   */
  readonly identity?: string
  /**
   * Which of Valve's hosts: `partner.steam-api.com` wants a publisher key, `api.steampowered.com` also takes
   * an ordinary one, slower and without ownership checks.
   *
   * @default 'partner.steam-api.com'
   */
  readonly host?: 'partner.steam-api.com' | 'api.steampowered.com'
  /**
   * Another address to send everything to, a simulator's or a reverse proxy's; may have a path. Plain `http:`
   * only on this machine. Tickets then also need a locally valid signature.
   */
  readonly baseUrl?: string
  /** Allow `http:` to other machines: key and tickets then cross the network in the clear. @default false */
  readonly dangerouslyAllowHttp?: boolean
  /** An undici 7 or 8 dispatcher, such as a `ProxyAgent`; left open on close. @default a keep-alive pool of its own */
  readonly dispatcher?: CallDispatcher
  /** From a question to its answer, all tries, waits and queues included, in milliseconds; 100 to 120,000. @default 8_000 */
  readonly timeoutMs?: number
  /** Further tries after network errors, 429 and 5xx; 0 to 10. @default 2 */
  readonly retries?: number
  /** Requests at Steam at once; 1 to 100,000. @default 1_000 */
  readonly maxConcurrency?: number
  /** Further questions that may wait; 0 to 1,000,000. Beyond that they fail at once with `backend-throttled`. @default 4_000 */
  readonly maxQueue?: number
  readonly breaker?: BreakerOptions
  /** Replaces retries, circuit breaker and limit of concurrency; `timeoutMs` stays. */
  readonly policy?: CallPolicy
  /** Calls a key may make in a day (UTC); `Infinity` for no limit. Valve's terms say 100,000. @default 100_000 */
  readonly dailyCallLimit?: number
  /** The share of `dailyCallLimit` at which a warning is given; above 0, at most 1. @default 0.8 */
  readonly warnAtShare?: number
  /** Re-checks of open sessions. @default none */
  readonly recheck?: RecheckOptions
  /**
   * A public key (PEM or KeyObject) whose tickets are trusted in place of Valve's. For tests against a
   * simulator: its private half is public knowledge. Refused with Valve's hosts.
   */
  readonly dangerouslyTrustTicketKey?: string | KeyObject
  readonly clock?: Clock
  readonly logger?: Logger
}

/** The defaults of {@link SteamWebApiOptions}. */
export const webApiDefaults = Object.freeze({
  host: 'partner.steam-api.com',
  timeoutMs: 8_000,
  retries: 2,
  maxConcurrency: 1_000,
  maxQueue: 4_000,
  dailyCallLimit: 100_000,
  warnAtShare: 0.8,
  breaker: Object.freeze({ failureShare: 0.5, window: 20, minimumCalls: 5, openMs: 5_000, maxOpenMs: 60_000 }),
  recheckCallsPerDay: 10_000,
})

/** The options, checked, complete and our own. */
export interface ResolvedOptions {
  readonly apps: readonly { readonly appId: AppId; readonly key: WebApiKey }[]
  readonly identity: string | undefined
  readonly target: Target
  readonly dispatcher: CallDispatcher | undefined
  readonly timeoutMs: number
  readonly retries: number
  readonly maxConcurrency: number
  readonly maxQueue: number
  readonly breaker: Required<BreakerOptions>
  readonly policy: CallPolicy | undefined
  readonly dailyCallLimit: number
  readonly warnAtShare: number
  readonly recheck: { bansEveryMs: number | undefined; ownershipEveryMs: number | undefined; callsPerDay: number }
  readonly dangerouslyTrustTicketKey: string | KeyObject | undefined
  readonly clock: Clock
  readonly logger: Logger
}

const identityPattern = /^[A-Za-z0-9\-_.:]{1,31}$/
const hosts: readonly unknown[] = ['partner.steam-api.com', 'api.steampowered.com']

/** @throws TypeError or RangeError naming the option. */
export function resolveOptions(options: SteamWebApiOptions): ResolvedOptions {
  requireObject('options', options)
  const { identity, dispatcher, policy, dangerouslyTrustTicketKey } = options
  if (identity !== undefined && (typeof identity !== 'string' || !identityPattern.test(identity))) {
    throw new TypeError('"identity" must be 1 to 31 characters of A-Z a-z 0-9 - _ . :')
  }
  if (dispatcher !== undefined && typeof (dispatcher as Partial<CallDispatcher> | null)?.dispatch !== 'function') {
    throw new TypeError('"dispatcher" must be an undici dispatcher')
  }
  if (policy !== undefined && typeof (policy as Partial<CallPolicy> | null)?.execute !== 'function') {
    throw new TypeError('"policy" must have a method "execute"')
  }
  const target = resolveTarget(options)
  if (dangerouslyTrustTicketKey !== undefined && target.isValve) {
    throw new TypeError('"dangerouslyTrustTicketKey" must not be set with one of Valve\'s hosts')
  }
  const recheck = resolveRecheck(options.recheck)
  if (recheck.ownershipEveryMs !== undefined && !target.answersOwnership) {
    throw new TypeError('"recheck.ownershipEveryMs" needs the host "partner.steam-api.com"')
  }
  return {
    apps: resolveApps(options),
    identity,
    target,
    dispatcher,
    timeoutMs: requireInteger('timeoutMs', options.timeoutMs ?? webApiDefaults.timeoutMs, 100, 120_000),
    retries: requireInteger('retries', options.retries ?? webApiDefaults.retries, 0, 10),
    maxConcurrency: requireInteger(
      'maxConcurrency',
      options.maxConcurrency ?? webApiDefaults.maxConcurrency,
      1,
      100_000,
    ),
    maxQueue: requireInteger('maxQueue', options.maxQueue ?? webApiDefaults.maxQueue, 0, 1_000_000),
    breaker: resolveBreaker(options.breaker),
    policy,
    dailyCallLimit:
      options.dailyCallLimit === Number.POSITIVE_INFINITY
        ? options.dailyCallLimit
        : requireInteger(
            'dailyCallLimit',
            options.dailyCallLimit ?? webApiDefaults.dailyCallLimit,
            1,
            Number.MAX_SAFE_INTEGER,
          ),
    warnAtShare: share('warnAtShare', options.warnAtShare ?? webApiDefaults.warnAtShare, true),
    recheck,
    dangerouslyTrustTicketKey,
    clock: options.clock ?? systemClock,
    logger: options.logger ?? silentLogger,
  }
}

/** Whether a text can be a key: visible ASCII, so that it can stand in a header. */
export function isKey(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]{1,256}$/.test(value)
}

function resolveTarget({ host, baseUrl, dangerouslyAllowHttp = false }: SteamWebApiOptions): Target {
  if (typeof dangerouslyAllowHttp !== 'boolean') throw new TypeError('"dangerouslyAllowHttp" must be a boolean')
  if (host !== undefined && !hosts.includes(host)) {
    throw new TypeError(`"host" must be one of "${hosts.join('", "')}"`)
  }
  if (baseUrl === undefined) return targetOfHost(host ?? webApiDefaults.host)
  if (host !== undefined) throw new TypeError('"baseUrl" must not be set together with "host"')
  return parseBaseUrl(baseUrl, dangerouslyAllowHttp)
}

function resolveApps({ apps, key }: SteamWebApiOptions): ResolvedOptions['apps'] {
  if (key !== undefined) requireKey('key', key)
  const list = Array.isArray(apps) ? (apps as readonly (AppId | WebApiApp)[]) : [apps as AppId]
  if (list.length === 0) throw new TypeError('"apps" must name at least one app')
  const seen = new Set<AppId>()
  return list.map((each, index) => {
    const isEntry = typeof each === 'object' && each !== null
    const appId = isEntry ? each.appId : each
    const name = Array.isArray(apps) ? `apps[${index}]` : 'apps'
    if (!isAppId(appId)) {
      const got = typeof appId === 'number' ? appId : typeof appId
      throw new TypeError(
        `"${isEntry ? `${name}.appId` : name}" must be an app id, a number from 1 to 4294967295, got ${got}`,
      )
    }
    if (seen.has(appId)) throw new TypeError(`"apps" must name each app once, got ${appId} twice`)
    seen.add(appId)
    const own = isEntry ? each.key : undefined
    if (own !== undefined) requireKey(`${name}.key`, own)
    const chosen = own ?? key
    if (chosen === undefined) {
      throw new TypeError(`"key" must be set, got undefined, and app ${appId} has none of its own`)
    }
    return { appId, key: chosen }
  })
}

function resolveBreaker(options: BreakerOptions = {}): Required<BreakerOptions> {
  requireObject('breaker', options)
  const defaults = webApiDefaults.breaker
  const window = requireInteger('breaker.window', options.window ?? defaults.window, 1, 10_000)
  const openMs = requireInteger('breaker.openMs', options.openMs ?? defaults.openMs, 1, 3_600_000)
  return {
    failureShare: share('breaker.failureShare', options.failureShare ?? defaults.failureShare, false),
    window,
    minimumCalls: requireInteger(
      'breaker.minimumCalls',
      options.minimumCalls ?? Math.min(defaults.minimumCalls, window),
      1,
      window,
    ),
    openMs,
    maxOpenMs: requireInteger(
      'breaker.maxOpenMs',
      options.maxOpenMs ?? Math.max(defaults.maxOpenMs, openMs),
      openMs,
      86_400_000,
    ),
  }
}

function resolveRecheck(options: RecheckOptions = {}): ResolvedOptions['recheck'] {
  requireObject('recheck', options)
  const period = (name: 'bansEveryMs' | 'ownershipEveryMs'): number | undefined => {
    const value = options[name]
    return value === undefined ? undefined : requireInteger(`recheck.${name}`, value, 10_000, 2_000_000_000)
  }
  return {
    bansEveryMs: period('bansEveryMs'),
    ownershipEveryMs: period('ownershipEveryMs'),
    callsPerDay: requireInteger(
      'recheck.callsPerDay',
      options.callsPerDay ?? webApiDefaults.recheckCallsPerDay,
      1,
      Number.MAX_SAFE_INTEGER,
    ),
  }
}

// Never says what it got: a key in the wrong place is still a key.
function requireKey(name: string, key: unknown): void {
  if (key === '') {
    throw new TypeError(`"${name}" must not be empty: is the environment variable set that it comes from?`)
  }
  if (typeof key !== 'function' && !isKey(key)) {
    throw new TypeError(`"${name}" must be a Web API key (1 to 256 visible ASCII characters) or a function`)
  }
}

function share(name: string, value: unknown, withOne: boolean): number {
  if (typeof value !== 'number') throw new TypeError(`"${name}" must be a number, got ${typeof value}`)
  if (!(value > 0 && (value < 1 || (withOne && value === 1)))) {
    throw new RangeError(`"${name}" must be above 0 and ${withOne ? 'at most' : 'below'} 1, got ${value}`)
  }
  return value
}
