// A process with a native game server, told what to do by its parent; see harness.ts.

import { bindGameServer, steamLibraryPath } from '../../fixtures/koffi-game-server.ts'

const { TEST_SDK, TEST_STEAM_CLIENT } = process.env
const server = bindGameServer({
  library: steamLibraryPath(TEST_SDK === '1.62' ? '1.62' : '1.60'),
  steamClient: TEST_STEAM_CLIENT,
})

const pause = () => new Promise((resolve) => setTimeout(resolve, 1))

const commands: Record<string, (...args: never[]) => unknown> = {
  init: server.init,
  logOnAnonymous: server.logOnAnonymous,
  logOn: server.logOn,
  logOff: server.logOff,
  isLoggedOn: () => server.isLoggedOn,
  isSecure: () => server.isSecure,
  steamId: () => server.steamId,
  begin: server.begin,
  end: server.end,
  hasLicense: server.hasLicense,
  issueTicket: server.issueTicket,
  cancelTicket: server.cancelTicket,
  poll: server.poll,
  /** Polls until a callback with this number has come, and answers all that came. */
  async pollUntil(id: number) {
    const callbacks = server.poll()
    while (!callbacks.some((callback) => callback.id === id)) {
      await pause()
      callbacks.push(...server.poll())
    }
    return callbacks
  },
  shutdown: server.shutdown,
  setEnvironment: (variables: Record<string, string>) => Object.assign(process.env, variables),
}

process.on('message', async ({ id, name, args }: { id: number; name: string; args: never[] }) => {
  try {
    process.send?.({ id, value: await commands[name]?.(...args) })
  } catch (error) {
    process.send?.({ id, error: String(error) })
  }
})
process.once('disconnect', () => process.exit())
process.send?.({ ready: true })
