import type { AppId } from '@ticketgate/core'
import type { SteamworksTicketOptions } from '../steamworks/options.ts'

/** The first message to the process; everything after it is the bridge's. */
export interface StartMessage {
  /** The game's own pid. */
  readonly parent: number
  readonly library: string
  readonly appId: AppId
  readonly options: Omit<SteamworksTicketOptions, 'clock'>
}

/** The first message from the process. */
export type StartedMessage =
  | { readonly started: true }
  | { readonly started: false; readonly code: 'ERR_STEAM_LIBRARY' | 'ERR_STEAM_INIT'; readonly message: string }
