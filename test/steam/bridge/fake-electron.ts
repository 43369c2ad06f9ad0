import { EventEmitter } from 'node:events'
import type { InvokeEventLike, IpcMainLike, WebFrameLike } from '@ticketgate/steam/electron-main'
import type { ContextBridgeLike, IpcRendererLike } from '@ticketgate/steam/electron-preload'

type Handler = (event: InvokeEventLike, question: unknown) => Promise<unknown>

/** `ipcMain` as far as requests go, with the copying that real IPC does. */
export class FakeIpcMain implements IpcMainLike {
  readonly handlers = new Map<string, Handler>()

  handle(channel: string, handler: Handler): void {
    if (this.handlers.has(channel)) throw new Error(`Attempted to register a second handler for '${channel}'`)
    this.handlers.set(channel, handler)
  }

  removeHandler(channel: string): void {
    this.handlers.delete(channel)
  }

  async invoke(channel: string, event: InvokeEventLike, question: unknown): Promise<unknown> {
    const handler = this.handlers.get(channel)
    if (handler === undefined) throw new Error(`No handler registered for '${channel}'`)
    return structuredClone(await handler(event, structuredClone(question)))
  }
}

/** One page: its `WebContents`, its frame, and the world of its scripts. */
export class FakePage extends EventEmitter {
  frame: WebFrameLike | null
  /** What the preload script has put into the page. */
  readonly world: Record<string, unknown> = {}
  readonly #ipcMain: FakeIpcMain

  constructor(ipcMain: FakeIpcMain, frame: Partial<WebFrameLike> | null = {}) {
    super()
    this.#ipcMain = ipcMain
    this.frame = frame && { url: 'app://game/index.html', origin: 'app://game', parent: null, ...frame }
  }

  readonly contextBridge: ContextBridgeLike = {
    exposeInMainWorld: (name, api) => {
      this.world[name] = api
    },
  }

  readonly ipcRenderer: IpcRendererLike = {
    invoke: (channel, question) => this.#ipcMain.invoke(channel, { sender: this, senderFrame: this.frame }, question),
  }
}
