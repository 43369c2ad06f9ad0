import assert from 'node:assert/strict'
import type { Backend } from '@ticketgate/core'
import {
  createSimulatedSteam,
  type MintTicketOptions,
  type NativeGameServer,
  readJournal,
  type SimulatedAccount,
  type SimulatedSteam,
} from '@ticketgate/simulator'
import {
  type BackendContractFlags,
  type BackendSubject,
  backendContract,
  type ContractTicket,
  type TicketCondition,
} from '@ticketgate/simulator/contract'
import { steamWebApi } from '@ticketgate/steam'
import { startNativeServer } from '../fixtures/native-steam.ts'
import { nextTold } from '../fixtures/next-told.ts'
import { VirtualClock } from '../fixtures/virtual-clock.ts'
import { createIsolatedGameServer } from '../gameserver/isolation/create-isolated.ts'
import { requireSteamClient } from '../support/steam-client.ts'

const apps = [480, 481]
const identity = 'contract'

/** Makes players and tickets in every condition. `mint` holds what a good ticket for this backend is like. */
function createTickets(steam: SimulatedSteam, mint: MintTicketOptions & { kind: 'webapi' | 'session' }) {
  const accounts = new Map<string, SimulatedAccount>()
  const lender = steam.createAccount({ name: 'lender' })

  return function createTicket(condition: TicketCondition, of?: ContractTicket): ContractTicket {
    const account =
      (of && accounts.get(of.steamId)) ??
      steam.createAccount({
        name: condition,
        vacBanned: condition === 'vac-banned',
        publisherBanned: condition === 'publisher-banned',
        ...(condition === 'borrowed' && { borrowsFrom: lender }),
      })
    accounts.set(account.steamId, account)
    const ticket = steam.mintTicket(account, {
      ...mint,
      ...(condition === 'wrong-kind' && { kind: mint.kind === 'webapi' ? 'session' : 'webapi' }),
      ...(condition === 'wrong-app' && { appId: 481 }),
      ...(condition === 'wrong-identity' && { identity: 'somebody-else' }),
    })
    if (condition === 'canceled') ticket.cancel()
    if (condition === 'offline') account.goOffline()
    if (condition === 'unlicensed') account.loseLicense(480)
    return {
      data: ticket.data,
      appId: ticket.appId,
      steamId: account.steamId,
      ownerSteamId: condition === 'borrowed' ? lender.steamId : account.steamId,
      identity: mint.identity,
    }
  }
}

async function createGameServerSubject(): Promise<BackendSubject> {
  const steam = createSimulatedSteam({ apps })
  const backend = steam.gameServer()
  return {
    backend,
    createTicket: createTickets(steam, { kind: 'session' }),
    asked: () => backend.ledger.begun,
    open: () => backend.ledger.open,
    holdAnswers() {
      backend.faults.beginDelayMs = 600_000
    },
    releaseAnswers() {
      backend.faults.beginDelayMs = 0
    },
    breakSteam: () => backend.disconnect(),
    mendSteam: () => backend.reconnect(),
    revoke({ steamId }) {
      const account = steam.account(steamId)
      if (account) steam.revoke(account, 6)
    },
    dispose: () => steam.close(),
  }
}

async function createNativeSubject(): Promise<BackendSubject> {
  const scene = await startNativeServer()
  const { steam, server, seen } = scene
  return {
    backend: server,
    createTicket: createTickets(steam, { kind: 'session' }),
    asked: () => scene.sessions().begun,
    open: () => scene.sessions().open,
    // BeginAuthSession answers within the call: what can be held back of a begin is the call itself.
    holdAnswers() {},
    releaseAnswers() {},
    ...leversOf(steam, server, seen),
    async dispose() {
      await scene[Symbol.asyncDispose]()
    },
  }
}

async function createWebApiSubject(): Promise<BackendSubject> {
  const steam = createSimulatedSteam({ apps })
  const webApi = await steam.listenWebApi()
  const clock = new VirtualClock(Date.now())
  const backend = steamWebApi({
    key: webApi.key,
    apps: [480],
    baseUrl: webApi.url,
    dangerouslyTrustTicketKey: steam.publicKey,
    retries: 0,
    // Longer than this clock ever goes in one step: answers take real time, and it stands still meanwhile.
    timeoutMs: 120_000,
    breaker: { openMs: 1_000, maxOpenMs: 1_000 },
    clock,
  })
  return {
    backend,
    createTicket: createTickets(steam, { kind: 'webapi', identity }),
    asked: () => webApi.calls.AuthenticateUserTicket,
    open: () => 0,
    holdAnswers() {
      webApi.faults.add({ kind: 'hang' })
    },
    releaseAnswers: () => webApi.faults.clear(),
    breakSteam() {
      webApi.faults.add({ kind: 'status', status: 503 })
    },
    async mendSteam() {
      webApi.faults.clear()
      if (backend.available) return
      const recovered = nextTold(backend, 'recovered')
      // Past the time for which the circuit breaker stays open; then it probes by itself.
      await clock.advanceAsync(2_000)
      await recovered
    },
    async dispose() {
      await backend.close()
      await steam.close()
    },
  }
}

/** The levers of the Steam behind a native game server. */
function leversOf(
  steam: SimulatedSteam,
  backend: Backend,
  seen: NativeGameServer,
): Pick<BackendSubject, 'breakSteam' | 'mendSteam' | 'revoke'> {
  return {
    async breakSteam() {
      const away = nextTold(backend, 'unavailable')
      seen.disconnect()
      await away
    },
    async mendSteam() {
      const back = nextTold(backend, 'recovered')
      seen.reconnect()
      await back
    },
    revoke({ steamId }) {
      const account = steam.account(steamId)
      if (account) steam.revoke(account, 6)
    },
  }
}

/** The game server in a child process, on Valve's library over the simulated steamclient.so. */
async function createIsolatedSubject(): Promise<BackendSubject> {
  const steam = createSimulatedSteam({ apps })
  const native = await steam.openNative()
  const backend = await createIsolatedGameServer(
    {
      appId: 480,
      product: 'contract',
      description: 'contract',
      steamClientPath: native.steamClientPath,
      dangerouslyTrustTicketKey: steam.publicKey,
    },
    // One that was stopped does not close.
    { env: native.environment(), times: { closeMs: 200 } },
  )
  await backend.ready()
  const seen = native.servers[0] ?? (await native.nextServer())
  return {
    backend,
    createTicket: createTickets(steam, { kind: 'session' }),
    asked: () => readJournal(native.journalPath).filter(({ type }) => type === 'begin').length,
    // What was ended counts at once; that it also arrives is checked at the end.
    open: () => backend.counts.open,
    holdAnswers() {
      process.kill(seen.pid, 'SIGSTOP')
    },
    releaseAnswers() {
      process.kill(seen.pid, 'SIGCONT')
    },
    ...leversOf(steam, backend, seen),
    async dispose() {
      await backend.close()
      const entries = readJournal(native.journalPath)
      const begun = entries.filter((entry) => entry.type === 'begin' && entry.result === 0).length
      const ended = entries.filter((entry) => entry.type === 'end').length
      const isKilled = entries.every(({ type }) => type !== 'detached')
      await steam.close()
      if (!isKilled) assert.equal(ended, begun)
    },
  }
}

const gameServerFlags: BackendContractFlags = {
  codes: {
    canceled: 'ticket-canceled',
    'wrong-identity': 'identity-mismatch',
    offline: 'steam-offline',
    unlicensed: 'no-license',
  },
  bansRefuse: true,
}

const subjects: {
  name: string
  make: () => Promise<BackendSubject>
  flags: BackendContractFlags
  isNative?: boolean
}[] = [
  { name: 'simulated game server', make: createGameServerSubject, flags: gameServerFlags },
  {
    name: "native game server through Valve's library",
    make: createNativeSubject,
    flags: gameServerFlags,
    isNative: true,
  },
  {
    name: "native game server through Valve's library, isolated",
    make: createIsolatedSubject,
    flags: gameServerFlags,
    isNative: true,
  },
  {
    name: 'Web API backend against the simulated Web API',
    make: createWebApiSubject,
    flags: {
      // Steam's one answer to all of these is errorcode 101.
      codes: {
        canceled: 'ticket-invalid',
        'wrong-identity': 'ticket-invalid',
        offline: 'ticket-invalid',
        unlicensed: 'ticket-invalid',
      },
      bansRefuse: false,
    },
  },
]

for (const { name, make, flags, isNative } of subjects) {
  describe(`backend contract: ${name}`, () => {
    before(async function () {
      if (isNative) await requireSteamClient(this)
    })
    for (const contractCase of backendContract(make, flags)) {
      it(contractCase.name, contractCase.run)
    }
  })
}
