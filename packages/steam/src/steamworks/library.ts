import { isAppId, TicketgateError } from '@ticketgate/core'
import type { AppId, TicketRequest } from '@ticketgate/core/client'
import type { SteamworksClient, SteamworksFfiAnswer, SteamworksFfiClient } from './clients.ts'

/** A ticket that Steam has made, under whichever library. */
export interface MadeTicket {
  /** May be followed by the rest of the library's buffer. */
  readonly bytes: Uint8Array
  cancel(): void
}

/** The libraries' common denominator. */
export interface SteamworksLibrary {
  readonly appId: AppId
  /** Resolves whenever Steam answers, however late, or never. */
  make(request: TicketRequest): Promise<MadeTicket>
}

/** Finds out which library a client is of. */
export function toLibrary(client: SteamworksClient | SteamworksFfiClient): SteamworksLibrary {
  if (isSteamworks(client)) return overSteamworks(client)
  if (isSteamworksFfi(client)) return overSteamworksFfi(client)
  throw new TypeError(
    '"client" must be what init(appId) of steamworks.js returns, or the initialized SteamworksSDK of steamworks-ffi-node',
  )
}

// --- steamworks.js and @pipelab/steamworks.js ---

/**
 * The longest there is, 136 years. steamworks.js 0.4.0 aborts the process, and prints the ticket, when Steam
 * answers after its own time has run out. So it never does; the deadline is kept by us.
 */
const timeoutSeconds = 0xffff_ffff

function overSteamworks({ auth, utils }: SteamworksClient): SteamworksLibrary {
  return {
    appId: readAppId(utils.getAppId()),
    async make({ kind, identity, serverSteamId }) {
      const ticket =
        kind === 'webapi'
          ? await auth.getAuthTicketForWebApi(identity, timeoutSeconds)
          : await auth.getSessionTicketWithSteamId(BigInt(requireServer(serverSteamId)), timeoutSeconds)
      return readOrCancel(
        () => ticket.getBytes(),
        () => ticket.cancel(),
      )
    },
  }
}

function requireServer(serverSteamId: string | undefined): string {
  if (serverSteamId !== undefined) return serverSteamId
  // It makes tickets for a SteamID or an address, and one made for the wrong party is good nowhere.
  throw new TicketgateError(
    'ERR_UNSUPPORTED',
    'steamworks.js makes session tickets only for a server whose SteamID is known, and the server did not say its own',
  )
}

function isSteamworks(client: unknown): client is SteamworksClient {
  const { auth, utils } = (client ?? {}) as Partial<SteamworksClient>
  return (
    typeof auth?.getAuthTicketForWebApi === 'function' &&
    typeof auth.getSessionTicketWithSteamId === 'function' &&
    typeof utils?.getAppId === 'function'
  )
}

// --- steamworks-ffi-node ---

function overSteamworksFfi(client: SteamworksFfiClient): SteamworksLibrary {
  const { user } = client
  const status = client.getStatus()
  if (!status.initialized) throw new TypeError('"client" must be initialized: call its init({ appId }) before')
  return {
    appId: readAppId(status.appId),
    async make({ kind, identity, serverSteamId }) {
      const answer =
        kind === 'webapi'
          ? await user.getAuthTicketForWebApi(identity === '' ? undefined : { genericString: identity })
          : user.getAuthSessionTicket(serverSteamId === undefined ? undefined : { steamId: serverSteamId })
      if (!answer.success) throw new Error(reasonOf(answer))
      return readOrCancel(
        () => answer.ticketData,
        () => user.cancelAuthTicket(answer.authTicket),
      )
    },
  }
}

function reasonOf({ error }: SteamworksFfiAnswer): string {
  return typeof error === 'string' ? error : 'it did not say why'
}

function isSteamworksFfi(client: unknown): client is SteamworksFfiClient {
  const { user, getStatus } = (client ?? {}) as Partial<SteamworksFfiClient>
  return (
    typeof user?.getAuthTicketForWebApi === 'function' &&
    typeof user.getAuthSessionTicket === 'function' &&
    typeof user.cancelAuthTicket === 'function' &&
    typeof getStatus === 'function'
  )
}

// --- both ---

function readAppId(appId: unknown): AppId {
  if (isAppId(appId)) return appId
  throw new TypeError('"client" must be initialized with the id of an app')
}

/** A ticket whose bytes cannot be read is cancelled: nobody else would. */
function readOrCancel(read: () => Uint8Array, cancel: () => void): MadeTicket {
  try {
    const bytes = read()
    if (bytes instanceof Uint8Array && bytes.length > 0) return { bytes, cancel }
    throw new Error('the ticket has no bytes')
  } catch (error) {
    cancel()
    throw error
  }
}
