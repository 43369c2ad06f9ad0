import { BrowserWindow } from 'electron'

/** Opens the game's window on its page. */
export async function openWindow(preload: string, gameServer: string): Promise<void> {
  const window = new BrowserWindow({
    width: 960,
    height: 600,
    // Electron's defaults, written out because everything here stands on them.
    webPreferences: { preload, contextIsolation: true, sandbox: true, nodeIntegration: false },
  })
  // The page stays where it is, and opens nothing.
  window.webContents.on('will-navigate', (event) => event.preventDefault())
  window.webContents.setWindowOpenHandler(() => ({ action: 'deny' }))
  await window.loadURL(`app://game/index.html?server=${encodeURIComponent(gameServer)}`)
}
