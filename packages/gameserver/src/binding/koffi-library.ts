// All that is called through koffi, watchdog.ts aside. Layouts: `_FLAT_` names and structures of Steamworks SDK 1.58 to 1.65a.

import { existsSync } from 'node:fs'
import type { LibraryHandle, TypeObject } from 'koffi'
import {
  explainLoadFailure,
  explainMissingFunctions,
  explainSteamClientFailure,
} from '../faults/explain-load-failure.ts'
import { type Koffi, loadKoffi } from './koffi.ts'
import type { InitAnswer, NativePointer, SteamLibrary } from './steam-library.ts'

/** Which files to load. */
export interface LibraryFiles {
  readonly libraryPath: string
  /** Loaded first: Steam's library then finds it by its name, wherever it lies. */
  readonly steamClientPath: string | undefined
}

type Native = (...values: unknown[]) => unknown

const gameServer = 'SteamAPI_ISteamGameServer_'
const dispatch = 'SteamAPI_ManualDispatch_'

// Names, results, arguments. `void *` for every pointer: addresses stay bigints, buffers go in as they are.
const functions = {
  init: ['SteamInternal_GameServer_Init_V2', 'int', 'uint32 uint16 uint16 int str buffer buffer'],
  shutdown: ['SteamGameServer_Shutdown', 'void', ''],
  getPipe: ['SteamGameServer_GetHSteamPipe', 'int32', ''],
  getGameServer: ['SteamAPI_SteamGameServer_v015', 'pointer', ''],
  setProduct: [`${gameServer}SetProduct`, 'void', 'pointer str'],
  setGameDescription: [`${gameServer}SetGameDescription`, 'void', 'pointer str'],
  setModDir: [`${gameServer}SetModDir`, 'void', 'pointer str'],
  setDedicatedServer: [`${gameServer}SetDedicatedServer`, 'void', 'pointer bool'],
  logOn: [`${gameServer}LogOn`, 'void', 'pointer str'],
  logOnAnonymous: [`${gameServer}LogOnAnonymous`, 'void', 'pointer'],
  logOff: [`${gameServer}LogOff`, 'void', 'pointer'],
  isLoggedOn: [`${gameServer}BLoggedOn`, 'bool', 'pointer'],
  isSecure: [`${gameServer}BSecure`, 'bool', 'pointer'],
  getSteamId: [`${gameServer}GetSteamID`, 'uint64', 'pointer'],
  beginAuthSession: [`${gameServer}BeginAuthSession`, 'int', 'pointer buffer int uint64'],
  endAuthSession: [`${gameServer}EndAuthSession`, 'void', 'pointer uint64'],
  userHasLicenseForApp: [`${gameServer}UserHasLicenseForApp`, 'int', 'pointer uint64 uint32'],
  getAuthSessionTicket: [`${gameServer}GetAuthSessionTicket`, 'uint32', 'pointer buffer int buffer buffer'],
  cancelAuthTicket: [`${gameServer}CancelAuthTicket`, 'void', 'pointer uint32'],
  initManualDispatch: [`${dispatch}Init`, 'void', ''],
  runFrame: [`${dispatch}RunFrame`, 'void', 'int32'],
  getNextCallback: [`${dispatch}GetNextCallback`, 'bool', 'int32 buffer'],
  freeLastCallback: [`${dispatch}FreeLastCallback`, 'void', 'int32'],
} as const

// Only what is used: each is asked of the client, and a longer list has more ways to fail.
const interfaceVersions = Buffer.from('SteamUtils010\0SteamGameServer015\0\0')
const maxErrorBytes = 1024

/**
 * Loads Valve's library.
 *
 * @throws GameServerError `ERR_STEAM_LIBRARY`, telling what is wrong with which file.
 */
export async function loadSteamLibrary({ libraryPath, steamClientPath }: LibraryFiles): Promise<SteamLibrary> {
  const koffi = await loadKoffi()
  if (steamClientPath !== undefined) {
    try {
      koffi.load(steamClientPath)
    } catch (cause) {
      throw explainSteamClientFailure(steamClientPath, existsSync(steamClientPath), cause)
    }
  }
  let library: LibraryHandle
  try {
    library = koffi.load(libraryPath)
  } catch (cause) {
    throw explainLoadFailure(libraryPath, existsSync(libraryPath), cause)
  }
  return bind(koffi, library, libraryPath)
}

function bind(koffi: Koffi, library: LibraryHandle, libraryPath: string): SteamLibrary {
  const bytes = koffi.pointer('uint8_t')
  const types: Record<string, string | TypeObject> = { pointer: 'uintptr_t', buffer: bytes }
  const typeOf = (name: string) => types[name] ?? name
  const missing: string[] = []
  const native = {} as Record<keyof typeof functions, Native>
  for (const [key, [symbol, result, parameters]] of Object.entries(functions)) {
    try {
      native[key as keyof typeof functions] = library.func(
        symbol,
        typeOf(result),
        parameters === '' ? [] : parameters.split(' ').map(typeOf),
      )
    } catch {
      missing.push(symbol)
    }
  }
  if (missing.length > 0) throw explainMissingFunctions(libraryPath, missing)

  const system = systemFunctions(koffi)
  const callback = { id: 0, bytes: 0 }
  // CallbackMsg_t is 20 bytes on Linux and macOS and 24 on Windows, with the same offsets.
  const message = new Uint8Array(24)
  const fields = new DataView(message.buffer)
  const length = new Uint32Array(1)
  const lengthBytes = new Uint8Array(length.buffer)

  return {
    init({ gamePort, queryPort, serverMode, version }): InitAnswer {
      const error = new Uint8Array(maxErrorBytes)
      const result = native.init(0, gamePort, queryPort, serverMode, version, interfaceVersions, error) as number
      const end = error.indexOf(0)
      return { result, message: new TextDecoder().decode(error.subarray(0, end < 0 ? maxErrorBytes : end)) }
    },
    shutdown: native.shutdown as () => void,
    getPipe: native.getPipe as () => number,
    // Small addresses and ids come as numbers, large ones as bigints.
    getGameServer: () => BigInt(native.getGameServer() as number | bigint),
    setProduct: native.setProduct,
    setGameDescription: native.setGameDescription,
    setModDir: native.setModDir,
    setDedicatedServer: native.setDedicatedServer,
    logOn: native.logOn,
    logOnAnonymous: native.logOnAnonymous,
    logOff: native.logOff,
    isLoggedOn: native.isLoggedOn as (self: NativePointer) => boolean,
    isSecure: native.isSecure as (self: NativePointer) => boolean,
    getSteamId: (self) => BigInt(native.getSteamId(self) as number | bigint),
    beginAuthSession: (self, ticket, steamId) =>
      native.beginAuthSession(self, ticket, ticket.byteLength, steamId) as number,
    endAuthSession: native.endAuthSession,
    userHasLicenseForApp: native.userHasLicenseForApp as SteamLibrary['userHasLicenseForApp'],
    getAuthSessionTicket(self, buffer, identity) {
      length[0] = 0
      const handle = native.getAuthSessionTicket(
        self,
        buffer,
        buffer.byteLength,
        lengthBytes,
        identity ?? null,
      ) as number
      return { handle, length: length[0] }
    },
    cancelAuthTicket: native.cancelAuthTicket,
    initManualDispatch: native.initManualDispatch,
    runFrame: native.runFrame,
    getNextCallback(pipe) {
      if (native.getNextCallback(pipe, message) !== true) return false
      callback.id = fields.getInt32(4, true)
      callback.bytes = fields.getInt32(16, true)
      return true
    },
    callback,
    copyPayload(target) {
      const size = Math.min(target.byteLength, callback.bytes)
      if (size > 0) system.copy(target, fields.getBigUint64(8, true), size)
    },
    freeLastCallback: native.freeLastCallback,
    getEnvironment: system.getEnvironment,
  }
}

interface SystemFunctions {
  copy(target: Uint8Array, source: NativePointer, size: number): void
  getEnvironment(name: string): string | undefined
}

/** Two functions of the C library. `memcpy`, because reading memory field by field costs three times as much. */
function systemFunctions(koffi: Koffi): SystemFunctions {
  const isWindows = process.platform === 'win32'
  const bytes = koffi.pointer('uint8_t')
  const runtime = koffi.load(isWindows ? 'msvcrt.dll' : null)
  const memcpy = runtime.func('memcpy', 'void', [bytes, 'uintptr_t', 'size_t'])
  if (!isWindows) {
    const getenv = runtime.func('getenv', 'str', ['str'])
    return { copy: memcpy, getEnvironment: (name) => (getenv(name) as string | null) ?? undefined }
  }
  const get = koffi.load('kernel32.dll').func('GetEnvironmentVariableA', 'uint32', ['str', bytes, 'uint32'])
  const value = Buffer.alloc(1024)
  return {
    copy: memcpy,
    getEnvironment(name) {
      const size = get(name, value, value.byteLength) as number
      return size > 0 && size < value.byteLength ? value.toString('latin1', 0, size) : undefined
    },
  }
}
