import type { IncomingMessage } from 'node:http'
import type { AppId } from '@ticketgate/core'
import type { CreateAccountOptions, SimulatedAccount } from '../account.ts'
import type { SimulatedSteam } from '../steam.ts'
import type { MintTicketOptions } from '../ticket/create-ticket.ts'
import type { FaultScope, WebApiFault, WebApiFaults } from './faults.ts'
import { json, type Reply } from './reply.ts'
import type { RequestLog } from './request-log.ts'

/** The routes under `/simulator` by which programs in any language make accounts, tickets and faults. */
export interface Control {
  isControlPath(path: string): boolean
  /** @param body Text of the request's body; JSON or empty. */
  answer(request: IncomingMessage, path: string, body: string): Promise<Reply>
}

interface ControlHost {
  readonly steam: SimulatedSteam
  readonly faults: WebApiFaults
  readonly log: RequestLog
  /** Cancels a ticket; `false`: no such ticket. */
  readonly cancelTicket: (handle: number) => boolean
}

type Body = Readonly<Record<string, unknown>>
type Route = (body: Body, ...captured: string[]) => Reply

/** What a program may let happen to an account, by the last part of the path; with an app where it is about one. */
const actions: Readonly<Record<string, (account: SimulatedAccount, appId: AppId) => void>> = Object.freeze({
  'go-offline': (account) => account.goOffline(),
  'go-online': (account) => account.goOnline(),
  'log-in-elsewhere': (account) => account.logInElsewhere(),
  'vac-ban': (account, appId) => account.vacBan(appId),
  'publisher-ban': (account, appId) => account.publisherBan(appId),
  unban: (account) => account.unban(),
  'lose-license': (account, appId) => account.loseLicense(appId),
  'grant-license': (account, appId) => account.grantLicense(appId),
})

const notFound = json(404, { error: 'no such route, account or ticket; see docs/simulator.md' })

export function createControl({ steam, faults, log, cancelTicket }: ControlHost): Control {
  const routes: readonly (readonly [method: string, path: RegExp, route: Route])[] = [
    ['GET', /^\/simulator$/, () => json(200, { appIds: steam.appIds, publicKey: steam.publicKey })],
    ['GET', /^\/simulator\/accounts$/, () => json(200, { accounts: steam.accounts.map(describe) })],
    ['POST', /^\/simulator\/accounts$/, (body) => json(201, describe(createAccount(body)))],
    ['POST', /^\/simulator\/accounts\/(\d+)\/tickets$/, mintTicket],
    ['POST', /^\/simulator\/accounts\/(\d+)\/([a-z-]+)$/, act],
    ['DELETE', /^\/simulator\/tickets\/(\d{1,15})$/, cancel],
    ['POST', /^\/simulator\/faults$/, addFault],
    ['DELETE', /^\/simulator\/faults$/, clearFaults],
    ['GET', /^\/simulator\/requests$/, () => json(200, { requests: log.requests, calls: log.counts })],
  ]

  function describe(account: SimulatedAccount) {
    const { steamId, name, online, liveTickets } = account
    return { steamId, name, online, liveTickets }
  }

  function createAccount(body: Body): SimulatedAccount {
    only(body, ['name', 'owns', 'dlc', 'borrowsFrom', 'vacBanned', 'publisherBanned', 'communityBanned', 'online'])
    const { borrowsFrom, ...options } = body
    if (borrowsFrom === undefined) return steam.createAccount(options as unknown as CreateAccountOptions)
    const lender = steam.account(String(borrowsFrom))
    if (!lender) throw new TypeError('"borrowsFrom" must be the SteamID of an account')
    return steam.createAccount({ ...(options as unknown as CreateAccountOptions), borrowsFrom: lender })
  }

  function mintTicket(body: Body, steamId: string): Reply {
    const account = steam.account(steamId)
    if (!account) return notFound
    only(body, ['kind', 'appId', 'identity', 'variant', 'padTo'])
    const ticket = steam.mintTicket(account, body as MintTicketOptions)
    const { handle, kind, appId, identity, hex, base64url, text, fingerprint } = ticket
    return json(201, { handle, steamId, kind, appId, identity, fingerprint, hex, base64url, text })
  }

  function act(body: Body, steamId: string, name: string): Reply {
    const account = steam.account(steamId)
    const action = Object.hasOwn(actions, name) ? actions[name] : undefined
    if (!account || !action) return notFound
    only(body, action.length > 1 ? ['appId'] : [])
    action(account, body.appId as AppId)
    return json(200, describe(account))
  }

  function cancel(_body: Body, handle: string): Reply {
    return cancelTicket(Number(handle)) ? json(200, { handle: Number(handle) }) : notFound
  }

  function addFault(body: Body): Reply {
    only(body, ['kind', 'delayMs', 'status', 'retryAfterSeconds', 'bytes', 'endpoint', 'times'])
    const { endpoint, times, ...fault } = body
    faults.add(fault as unknown as WebApiFault, { endpoint, times } as FaultScope)
    return json(201, { active: faults.active })
  }

  function clearFaults(): Reply {
    faults.clear()
    return json(200, { active: 0 })
  }

  return {
    isControlPath: (path) => path === '/simulator' || path.startsWith('/simulator/'),
    async answer(request, path, text) {
      // A web page that happens to be open on this machine is not who this is for.
      if (request.headers.origin !== undefined) return json(403, { error: 'not from a web page' })
      for (const [method, pattern, route] of routes) {
        const captured = method === request.method ? pattern.exec(path.replace(/\/$/, '')) : null
        if (!captured) continue
        try {
          return route(parseBody(text), ...captured.slice(1))
        } catch (error) {
          return json(400, { error: error instanceof Error ? error.message : 'bad request' })
        }
      }
      return notFound
    },
  }
}

/** A misspelt name must not be as if it were not there: a test of banned players would pass with one who is not. */
function only(body: Body, names: readonly string[]): void {
  const stranger = Object.keys(body).find((name) => !names.includes(name))
  if (stranger === undefined) return
  throw new TypeError(
    `"${stranger}" is not taken here, ${names.length > 0 ? `only ${names.join(', ')}` : 'nothing is'}`,
  )
}

function parseBody(text: string): Body {
  if (text.trim() === '') return {}
  const body: unknown = JSON.parse(text)
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new TypeError('the body must be a JSON object')
  }
  return body as Body
}
