// For the preload script, which runs between page and main process. Bundle it: in a sandbox nothing can be loaded.

import { bridgeName, type ContextBridgeLike, channel, type IpcRendererLike } from './electron/electron.ts'

export type { ContextBridgeLike, IpcRendererLike } from './electron/electron.ts'

/**
 * Gives the page one function, which asks the main process for tickets over a channel of its own. The page gets
 * neither Electron's IPC nor anything of the preload script's world.
 */
export function exposeTickets(contextBridge: ContextBridgeLike, ipcRenderer: IpcRendererLike): void {
  contextBridge.exposeInMainWorld(bridgeName, {
    ask: (question: unknown) => ipcRenderer.invoke(channel, question),
  })
}
