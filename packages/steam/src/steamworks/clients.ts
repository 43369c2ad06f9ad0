// What is called of each library, by shape: neither is imported, and any version that has these methods will do.

/** A ticket of steamworks.js. */
export interface SteamworksTicket {
  getBytes(): Uint8Array
  cancel(): void
}

/** What `init(appId)` of `steamworks.js` (0.4) or `@pipelab/steamworks.js` (0.9) answers, as far as tickets need it. */
export interface SteamworksClient {
  readonly auth: {
    getSessionTicketWithSteamId(steamId64: bigint, timeoutSeconds?: number): Promise<SteamworksTicket>
    getAuthTicketForWebApi(identity: string, timeoutSeconds?: number): Promise<SteamworksTicket>
  }
  readonly utils: { getAppId(): number }
}

/** A ticket of `steamworks-ffi-node`, or why there is none. */
export interface SteamworksFfiAnswer {
  readonly success: boolean
  /** HAuthTicket; 0 when there is none. */
  readonly authTicket: number
  readonly ticketData: Uint8Array
  readonly error?: string
}

/** What `SteamworksSDK.getInstance()` of `steamworks-ffi-node` (0.10) answers, as far as tickets need it. */
export interface SteamworksFfiClient {
  readonly user: {
    getAuthSessionTicket(identity?: { steamId?: string }): SteamworksFfiAnswer
    getAuthTicketForWebApi(identity?: { genericString?: string }): Promise<SteamworksFfiAnswer>
    cancelAuthTicket(authTicket: number): void
  }
  getStatus(): { readonly initialized: boolean; readonly appId: number }
}
