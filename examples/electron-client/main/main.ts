// The main process: it has Steam, and gives the page tickets and nothing else.

import { join } from 'node:path'
import { serveTicketsToPages } from '@ticketgate/steam/electron-main'
import { createSteamworksTicketSource } from '@ticketgate/steam/steamworks'
import { app, ipcMain, protocol, session } from 'electron'
import { init } from 'steamworks.js'
import { createPageHandler } from './page-files.ts'
import { openWindow } from './window.ts'

const appId = 480 // yours
const identity = 'my-game' // what your gate's `identity` is, also in front of one-time identities
const gameServer = process.env.GAME_SERVER ?? 'wss://play.example'

// A scheme of one's own has an origin only when it is a standard one, and must be named before Electron is ready.
protocol.registerSchemesAsPrivileged([{ scheme: 'app', privileges: { standard: true, secure: true } }])

// Throws when Steam does not run. A real game shows that to the player.
const source = createSteamworksTicketSource(init(appId))
const tickets = serveTicketsToPages(ipcMain, source, {
  allowedOrigins: ['app://game'],
  isIdentityAllowed: (asked) => asked === identity || asked.startsWith(`${identity}:`),
  onRefused: ({ url, reason }) => console.warn(`no ticket for ${url}: ${reason}`),
})

app.on('window-all-closed', () => app.quit())
app.on('will-quit', () => {
  tickets.close()
  source.cancelAll()
})

// Not awaited here: Electron becomes ready only when this module has run to its end.
void app.whenReady().then(() => {
  // Nothing of the page needs the camera, the microphone or the player's location.
  session.defaultSession.setPermissionRequestHandler((_page, _permission, answer) => answer(false))
  protocol.handle('app', createPageHandler(join(import.meta.dirname, 'page'), gameServer))
  return openWindow(join(import.meta.dirname, 'preload.cjs'), gameServer)
})
