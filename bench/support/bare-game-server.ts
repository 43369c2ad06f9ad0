import koffi from 'koffi'

/** ISteamGameServer by koffi with nothing around it: the least that begin, verdict and end can cost in Node. */
export interface BareGameServer {
  begin(ticket: Uint8Array, steamId: bigint): number
  end(steamId: bigint): void
  /** Reads what there is; answers how many verdicts that were, and checks that they are good. */
  drain(): number
  shutdown(): void
}

/** Starts Valve's library and logs on. In local mode the simulated steamclient.so answers at once. */
export function startBareGameServer(libraryPath: string, steamClientPath: string): BareGameServer {
  koffi.load(steamClientPath)
  const library = koffi.load(libraryPath)
  const bytes = koffi.pointer('uint8_t')
  const flat = (name: string, result: string, args: (string | typeof bytes)[]) =>
    library.func(`SteamAPI_ISteamGameServer_${name}`, result, ['uintptr_t', ...args])
  const init = library.func('SteamInternal_GameServer_Init_V2', 'int', [
    'uint32',
    'uint16',
    'uint16',
    'int',
    'str',
    bytes,
    bytes,
  ])
  const beginAuthSession = flat('BeginAuthSession', 'int', [bytes, 'int', 'uint64'])
  const endAuthSession = flat('EndAuthSession', 'void', ['uint64'])
  const runFrame = library.func('SteamAPI_ManualDispatch_RunFrame', 'void', ['int'])
  const getNextCallback = library.func('SteamAPI_ManualDispatch_GetNextCallback', 'bool', ['int', bytes])
  const freeLastCallback = library.func('SteamAPI_ManualDispatch_FreeLastCallback', 'void', ['int'])
  const memcpy = koffi.load(null).func('memcpy', 'void', [bytes, 'uintptr_t', 'size_t'])

  const versions = Buffer.from('SteamUtils010\0SteamGameServer015\0\0')
  const text = Buffer.alloc(1024)
  if (init(0, 27_015, 0xffff, 3, '1.0.0.0', versions, text) !== 0) {
    throw new Error(`Steam's library did not start: ${text.toString('latin1', 0, text.indexOf(0))}`)
  }
  const pipe = library.func('SteamGameServer_GetHSteamPipe', 'int', [])() as number
  const server = library.func('SteamAPI_SteamGameServer_v015', 'uintptr_t', [])() as bigint
  library.func('SteamAPI_ManualDispatch_Init', 'void', [])()
  flat('SetProduct', 'void', ['str'])(server, 'bench')
  flat('SetGameDescription', 'void', ['str'])(server, 'bench')
  flat('LogOnAnonymous', 'void', [])(server)

  const message = new DataView(new ArrayBuffer(24))
  const messageBytes = new Uint8Array(message.buffer)
  const payload = new DataView(new ArrayBuffer(20))
  const payloadBytes = new Uint8Array(payload.buffer)

  return {
    begin: (ticket, steamId) => beginAuthSession(server, ticket, ticket.byteLength, steamId) as number,
    end: (steamId) => void endAuthSession(server, steamId),
    drain() {
      let verdicts = 0
      runFrame(pipe)
      while (getNextCallback(pipe, messageBytes) === true) {
        if (message.getInt32(4, true) === 143) {
          memcpy(payloadBytes, message.getBigUint64(8, true), 20)
          if (payload.getInt32(8, true) !== 0) throw new Error('a verdict is bad')
          verdicts++
        }
        freeLastCallback(pipe)
      }
      return verdicts
    },
    shutdown: library.func('SteamGameServer_Shutdown', 'void', []) as () => void,
  }
}
