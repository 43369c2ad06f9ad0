import type { NativePointer, SteamLibrary } from '../binding/steam-library.ts'
import { GameServerError } from '../errors.ts'
import { closedError } from '../faults/closed.ts'
import { explainInitFailure } from '../faults/explain-init-failure.ts'
import type { GameServerMode } from '../options.ts'
import { alreadyRunning } from '../process/one-per-process.ts'
import type { GameServerSettings } from '../settings.ts'
import { maxPayloadBytes, type NativeCallback, payloadBytes, readCallback } from './callbacks.ts'

const serverModes: Readonly<Record<GameServerMode, number>> = {
  'no-authentication': 1,
  authentication: 2,
  secure: 3,
}
const sharedQueryPort = 0xffff

/** Most callbacks read in one go: a flood must not keep the event loop from everything else. */
const maxCallbacksEach = 256
const finalDrains = 4

/**
 * The door to Steam's library: no native call is made anywhere else, and each is checked for the state it needs,
 * because one in a wrong state ends the process instead of failing. Once shut, it stays so.
 */
export class NativeGameServer {
  readonly #library: SteamLibrary
  readonly #pipe: number
  /** Null once shut down. */
  #self: NativePointer
  #isDraining = false
  readonly #payload = new Uint8Array(maxPayloadBytes)
  readonly #payloadView = new DataView(this.#payload.buffer)

  private constructor(library: SteamLibrary, pipe: number, self: NativePointer) {
    this.#library = library
    this.#pipe = pipe
    this.#self = self
  }

  /**
   * Starts the library and says what this server is, which must be said before the logon.
   *
   * @throws GameServerError `ERR_STEAM_INIT`; nothing is left behind.
   */
  static start(library: SteamLibrary, settings: GameServerSettings): NativeGameServer {
    // A second Init is accepted silently, and takes the pipe from under whoever made the first.
    if (library.getPipe() !== 0) throw alreadyRunning("something else in it uses Steam's library")
    const { result, message } = library.init({
      gamePort: settings.gamePort,
      queryPort: settings.queryPort === 'shared' ? sharedQueryPort : settings.queryPort,
      serverMode: serverModes[settings.mode],
      version: settings.version,
    })
    if (result !== 0) {
      // Some failures come late and leave it half started, with a pipe that leads nowhere.
      if (library.getPipe() !== 0) library.shutdown()
      throw explainInitFailure(result, message, settings)
    }
    const pipe = library.getPipe()
    const self = library.getGameServer()
    if (pipe === 0 || self === 0n) {
      library.shutdown()
      throw new GameServerError('ERR_STEAM_INIT', "Steam's library started and gave no ISteamGameServer", {
        reason: 'other',
        hint: 'The library and steamclient.so do not fit together. Update both.',
        libraryMessage: message,
        result,
      })
    }
    library.initManualDispatch()
    library.setProduct(self, settings.product)
    library.setGameDescription(self, settings.description)
    if (settings.modDir !== '') library.setModDir(self, settings.modDir)
    library.setDedicatedServer(self, true)
    return new NativeGameServer(library, pipe, self)
  }

  get isUp(): boolean {
    return this.#self !== 0n
  }

  // --- logon ---

  logOn(token: string | undefined): void {
    const self = this.#require()
    if (token === undefined) this.#library.logOnAnonymous(self)
    else this.#library.logOn(self, token)
  }

  logOff(): void {
    this.#library.logOff(this.#require())
  }

  get isLoggedOn(): boolean {
    return this.#library.isLoggedOn(this.#require())
  }

  get isSecure(): boolean {
    return this.#library.isSecure(this.#require())
  }

  /** Means something only while logged on. */
  get steamId(): bigint {
    return this.#library.getSteamId(this.#require())
  }

  // --- sessions and tickets ---

  beginAuthSession(ticket: Uint8Array, steamId: bigint): number {
    return this.#library.beginAuthSession(this.#require(), ticket, steamId)
  }

  endAuthSession(steamId: bigint): void {
    this.#library.endAuthSession(this.#require(), steamId)
  }

  userHasLicenseForApp(steamId: bigint, appId: number): number {
    return this.#library.userHasLicenseForApp(this.#require(), steamId, appId)
  }

  getAuthSessionTicket(buffer: Uint8Array, identity: Uint8Array | undefined): { handle: number; length: number } {
    return this.#library.getAuthSessionTicket(this.#require(), buffer, identity)
  }

  cancelAuthTicket(handle: number): void {
    this.#library.cancelAuthTicket(this.#require(), handle)
  }

  // --- callbacks ---

  /**
   * Lets the library work, and reads what it has to say into `batch`. Calls nobody: whoever is told may call back in.
   *
   * @returns whether there may be more.
   */
  drain(batch: NativeCallback[]): boolean {
    if (this.#self === 0n || this.#isDraining) return false
    const library = this.#library
    const pipe = this.#pipe
    this.#isDraining = true
    try {
      library.runFrame(pipe)
      for (let count = 0; count < maxCallbacksEach; count++) {
        if (!library.getNextCallback(pipe)) return false
        try {
          batch.push(this.#read())
        } finally {
          library.freeLastCallback(pipe)
        }
      }
      return true
    } finally {
      this.#isDraining = false
    }
  }

  #read(): NativeCallback {
    const { id, bytes } = this.#library.callback
    if (bytes > 0 && payloadBytes(id) > 0) this.#library.copyPayload(this.#payload)
    return readCallback(id, bytes, this.#payloadView)
  }

  /** Logs off and shuts the library down. Sessions and tickets must have been ended. Idempotent. */
  shutdown(): void {
    if (this.#self === 0n) return
    const library = this.#library
    const unread: NativeCallback[] = []
    try {
      library.logOff(this.#self)
      for (let count = 0; count < finalDrains && this.drain(unread); count++) unread.length = 0
    } finally {
      this.#self = 0n
      library.shutdown()
    }
  }

  #require(): NativePointer {
    if (this.#self === 0n) throw closedError()
    return this.#self
  }
}
