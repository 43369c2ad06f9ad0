import { type Code, isCode } from '../codes/codes.ts'
import { requireFunction, requireInteger, requireObject, requireOneOf } from '../options.ts'
import type { Backend } from '../ports/backend.ts'
import { isAppId } from '../steam-id.ts'
import type { GateOptions, RateLimit } from './options.ts'

/** What a gate does where nothing is said. The only place defaults stand in code. */
export const gateDefaults = Object.freeze({
  familySharing: 'allow',
  bans: Object.freeze({ vac: 'refuse', publisher: 'refuse', followOwner: true }),
  requiredLicenses: Object.freeze([]) as readonly number[],
  policies: Object.freeze([]) as NonNullable<GateOptions['policies']>,
  signature: 'adaptive',
  whenUnavailable: 'refuse',
  whenStoreUnavailable: 'refuse',
  handshakeTimeoutMs: 15_000,
  verdictTimeoutMs: 15_000,
  graceMs: 20_000,
  renewalTimeoutMs: 20_000,
  renewEveryMs: 0,
  renewOn: Object.freeze(['ticket-canceled', 'steam-offline']) as readonly Code[],
  reservationMs: 15_000,
  maxPendingHandshakes: 1_000,
  maxMessageBytes: 24_576,
  attemptsPerAddress: Object.freeze({ limit: 60, windowMs: 60_000 }) as RateLimit,
  rejectionsPerAddress: Object.freeze({ limit: 20, windowMs: 600_000 }) as RateLimit,
  loginsPerPlayer: Object.freeze({ limit: 30, windowMs: 60_000 }) as RateLimit,
  replayWindowMs: 86_400_000,
  leaseMs: 30_000,
} as const)

/** A gate's options, read once, checked, with nothing left open. */
export type GateSettings = ReturnType<typeof readGateOptions>

const day = 86_400_000

/** Reads every option once and throws a `TypeError` or `RangeError` that names a wrong one. */
export function readGateOptions(options: GateOptions, backend: Backend) {
  const { identity, clock, logger, store, node, passes } = options
  if (identity === undefined) {
    throw new TypeError('"identity" must be given: a name that tickets are made for, { name, secret }, or "" for none')
  }
  const bans = readBans(options.bans ?? {})
  if (clock !== undefined) requireObject('clock', clock)
  if (logger !== undefined) requireObject('logger', logger)
  if (store !== undefined) requireObject('store', store)
  if (passes !== undefined) {
    requireObject('passes', passes)
    requireFunction('passes.issue', passes.issue)
    requireFunction('passes.verify', passes.verify)
    requireInteger('passes.ttlMs', passes.ttlMs, 1_000, 3_600_000)
  }
  if (node !== undefined && (typeof node !== 'string' || !/^[\w.:-]{1,64}$/.test(node))) {
    throw new TypeError('"node" must be 1 to 64 characters of A-Z a-z 0-9 _ . : -')
  }
  const integer = (name: keyof typeof gateDefaults & keyof GateOptions, least: number, most: number): number =>
    requireInteger(name, options[name] ?? gateDefaults[name], least, most)
  return Object.freeze({
    identity,
    passes,
    duplicates: readDuplicates(options.duplicates, backend),
    familySharing: requireOneOf('familySharing', options.familySharing ?? gateDefaults.familySharing, [
      'allow',
      'refuse',
    ]),
    bans,
    requiredLicenses: readList(
      'requiredLicenses',
      options.requiredLicenses ?? gateDefaults.requiredLicenses,
      isAppId,
      'app ids',
    ),
    policies: readList(
      'policies',
      options.policies ?? gateDefaults.policies,
      (value) => typeof value === 'function',
      'functions',
    ),
    signature: requireOneOf('signature', options.signature ?? gateDefaults.signature, ['adaptive', 'always', 'never']),
    whenUnavailable: requireOneOf('whenUnavailable', options.whenUnavailable ?? gateDefaults.whenUnavailable, [
      'refuse',
      'keep',
      'provisional',
    ]),
    whenStoreUnavailable: requireOneOf(
      'whenStoreUnavailable',
      options.whenStoreUnavailable ?? gateDefaults.whenStoreUnavailable,
      ['refuse', 'alone'],
    ),
    handshakeTimeoutMs: integer('handshakeTimeoutMs', 1, 600_000),
    verdictTimeoutMs: integer('verdictTimeoutMs', 1, 600_000),
    graceMs: integer('graceMs', 0, day),
    renewalTimeoutMs: integer('renewalTimeoutMs', 1, 600_000),
    renewEveryMs: integer('renewEveryMs', 0, 30 * day),
    renewOn: new Set(readList('renewOn', options.renewOn ?? gateDefaults.renewOn, isCode, 'codes')),
    reservationMs: integer('reservationMs', 1, 600_000),
    maxPendingHandshakes: integer('maxPendingHandshakes', 1, 1_000_000),
    maxMessageBytes: integer('maxMessageBytes', 512, 1_048_576),
    attemptsPerAddress: readRate('attemptsPerAddress', options.attemptsPerAddress ?? gateDefaults.attemptsPerAddress),
    rejectionsPerAddress: readRate(
      'rejectionsPerAddress',
      options.rejectionsPerAddress ?? gateDefaults.rejectionsPerAddress,
    ),
    loginsPerPlayer: readRate('loginsPerPlayer', options.loginsPerPlayer ?? gateDefaults.loginsPerPlayer),
    replayWindowMs: integer('replayWindowMs', 1_000, 30 * day),
    leaseMs: integer('leaseMs', 1_000, day),
    node: node ?? `node-${crypto.randomUUID().slice(0, 8)}`,
  })
}

function readBans(value: NonNullable<GateOptions['bans']>) {
  requireObject('bans', value)
  const { vac, publisher, followOwner, isBanned } = value
  if (isBanned !== undefined) requireFunction('bans.isBanned', isBanned)
  if (followOwner !== undefined && typeof followOwner !== 'boolean') {
    throw new TypeError(`"bans.followOwner" must be true or false, got ${typeof followOwner}`)
  }
  return Object.freeze({
    vac: requireOneOf('bans.vac', vac ?? gateDefaults.bans.vac, ['refuse', 'allow']),
    publisher: requireOneOf('bans.publisher', publisher ?? gateDefaults.bans.publisher, ['refuse', 'allow']),
    followOwner: followOwner ?? gateDefaults.bans.followOwner,
    isBanned,
  })
}

function readDuplicates(value: GateOptions['duplicates'], backend: Backend): 'replace' | 'refuse' | { share: number } {
  if (value === undefined) return backend.sessionModel === 'exclusive' ? 'refuse' : 'replace'
  if (typeof value === 'object' && value !== null) {
    return Object.freeze({ share: requireInteger('duplicates.share', value.share, 1, 1_000) })
  }
  return requireOneOf<'replace' | 'refuse'>('duplicates', value, ['replace', 'refuse'])
}

function readRate(name: string, value: RateLimit | false): RateLimit | false {
  if (value === false) return false
  requireObject(name, value)
  return Object.freeze({
    limit: requireInteger(`${name}.limit`, value.limit, 1, 1_000_000),
    windowMs: requireInteger(`${name}.windowMs`, value.windowMs, 100, day),
  })
}

function readList<Value>(
  name: string,
  value: readonly Value[],
  isRight: (value: unknown) => boolean,
  what: string,
): readonly Value[] {
  if (!Array.isArray(value) || !value.every(isRight)) throw new TypeError(`"${name}" must be an array of ${what}`)
  return Object.freeze([...value])
}
