import { createSteamTicketInspector } from '@ticketgate/steam'
import { type Finding, fine, missing } from './finding.ts'
import { checkNode } from './node-version.ts'

/** What asking the Web API needs of this machine. Asks nobody. */
export function checkWebApi(environment: NodeJS.ProcessEnv, nowMs: number): Finding[] {
  return [checkNode('22.12'), checkOpenSsl(), checkClock(nowMs), checkKey(environment.STEAM_PUBLISHER_KEY)]
}

/** Steam signs tickets with RSA and SHA-1, which some distributions forbid. */
export function checkOpenSsl(createInspector: () => unknown = createSteamTicketInspector): Finding {
  const name = 'openssl'
  const { openssl } = process.versions
  try {
    createInspector()
    return fine(name, `${openssl}, verifies RSA with SHA-1`)
  } catch {
    return missing(
      name,
      `${openssl} refuses to verify RSA with SHA-1, which Steam signs tickets with`,
      "Allow it in OpenSSL's or the distribution's policy (on RHEL and relatives: update-crypto-policies --set " +
        'DEFAULT:SHA1), or every ticket will seem forged.',
    )
  }
}

// This version did not exist before, and nobody runs it after.
const earliestMs = Date.UTC(2026, 0, 1)
const latestMs = Date.UTC(2050, 0, 1)

export function checkClock(nowMs: number): Finding {
  const time = new Date(nowMs).toISOString().replace(/\.\d+Z$/, 'Z')
  if (nowMs >= earliestMs && nowMs < latestMs) return fine('clock', time)
  return missing(
    'clock',
    `${time} cannot be the time`,
    'Set the clock, best by NTP: tickets carry dates, and a clock that is a day off refuses good ones.',
  )
}

export function checkKey(key: string | undefined): Finding {
  const name = 'key'
  if (key === undefined || key === '') {
    return missing(
      name,
      'STEAM_PUBLISHER_KEY is not set',
      'Make a publisher Web API key in Steamworks (Users & Permissions, Manage Groups) and hand it to the server in ' +
        'the environment.',
    )
  }
  if (/^[0-9a-f]{32}$/i.test(key)) return fine(name, 'STEAM_PUBLISHER_KEY is set, 32 hex digits')
  const isPadded = key.trim() !== key ? ', with blanks or line ends around it' : ''
  return missing(
    name,
    `STEAM_PUBLISHER_KEY is set and is no key: ${key.length} characters${isPadded}`,
    'A key is 32 hex digits. Copy it again, without quotes and blanks.',
  )
}
