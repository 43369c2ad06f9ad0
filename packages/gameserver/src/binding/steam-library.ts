/** A pointer into Steam's library; 0n is null. */
export type NativePointer = bigint

/** What SteamInternal_GameServer_Init_V2 is given. */
export interface InitArguments {
  readonly gamePort: number
  /** 65,535: shared. */
  readonly queryPort: number
  /** EServerMode: 1 no authentication, 2 authentication, 3 authentication and secure. */
  readonly serverMode: number
  readonly version: string
}

/** What SteamInternal_GameServer_Init_V2 answers. */
export interface InitAnswer {
  /** ESteamAPIInitResult; 0 is success. */
  readonly result: number
  /** The library's own words, as it wrote them. Empty on success. */
  readonly message: string
}

/**
 * The functions of Valve's library that a game server needs, one method each, nothing decided here. All are
 * synchronous and belong on one thread.
 *
 * The library checks little: a call on pipe 0, on a null interface, or on either after `shutdown` ends the process
 * (segmentation fault). `NativeGameServer` is the only caller and checks before each call.
 */
export interface SteamLibrary {
  /** SteamInternal_GameServer_Init_V2 */
  init(settings: InitArguments): InitAnswer
  /** SteamGameServer_Shutdown */
  shutdown(): void
  /** SteamGameServer_GetHSteamPipe; 0 while not initialised. */
  getPipe(): number
  /** SteamAPI_SteamGameServer_v015; null while not initialised. */
  getGameServer(): NativePointer

  setProduct(self: NativePointer, product: string): void
  setGameDescription(self: NativePointer, description: string): void
  setModDir(self: NativePointer, modDir: string): void
  setDedicatedServer(self: NativePointer, isDedicated: boolean): void
  logOn(self: NativePointer, token: string): void
  logOnAnonymous(self: NativePointer): void
  logOff(self: NativePointer): void
  isLoggedOn(self: NativePointer): boolean
  isSecure(self: NativePointer): boolean
  getSteamId(self: NativePointer): bigint

  /** EBeginAuthSessionResult. Steam wants the ticket's exact length. */
  beginAuthSession(self: NativePointer, ticket: Uint8Array, steamId: bigint): number
  endAuthSession(self: NativePointer, steamId: bigint): void
  /** EUserHasLicenseForAppResult */
  userHasLicenseForApp(self: NativePointer, steamId: bigint, appId: number): number
  /**
   * GetAuthSessionTicket.
   *
   * @param identity A SteamNetworkingIdentity of 136 bytes, or none.
   * @returns HAuthTicket, 0 on failure, and how many bytes of `buffer` are the ticket.
   */
  getAuthSessionTicket(
    self: NativePointer,
    buffer: Uint8Array,
    identity: Uint8Array | undefined,
  ): { readonly handle: number; readonly length: number }
  cancelAuthTicket(self: NativePointer, handle: number): void

  /** SteamAPI_ManualDispatch_Init */
  initManualDispatch(): void
  /** SteamAPI_ManualDispatch_RunFrame */
  runFrame(pipe: number): void
  /** SteamAPI_ManualDispatch_GetNextCallback; on `true` what it found is in `callback`. */
  getNextCallback(pipe: number): boolean
  /** Of the last `getNextCallback` that said `true`. */
  readonly callback: { readonly id: number; readonly bytes: number }
  /** Copies the payload's first bytes, at most as many as fit. Only before `freeLastCallback`: then its memory is gone. */
  copyPayload(target: Uint8Array): void
  /** SteamAPI_ManualDispatch_FreeLastCallback */
  freeLastCallback(pipe: number): void

  /** What native code sees as an environment variable of this process. */
  getEnvironment(name: string): string | undefined
}
