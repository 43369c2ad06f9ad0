// What is used of Electron, by shape. No version of it is imported.

/** @internal The one channel. */
export const channel = 'ticketgate:tickets'
/** @internal Where the preload script puts the bridge in the page. */
export const bridgeName = 'ticketgate'

/** A frame of a page (`WebFrameMain`). */
export interface WebFrameLike {
  readonly url: string
  readonly origin: string
  readonly parent: object | null
}

/** A page (`WebContents`). */
export interface WebContentsLike {
  on(event: 'destroyed', listener: () => void): unknown
  on(event: 'render-process-gone', listener: () => void): unknown
  on(event: 'did-navigate', listener: () => void): unknown
  removeListener(event: 'destroyed', listener: () => void): unknown
  removeListener(event: 'render-process-gone', listener: () => void): unknown
  removeListener(event: 'did-navigate', listener: () => void): unknown
}

/** Who asks (`IpcMainInvokeEvent`). */
export interface InvokeEventLike {
  readonly sender: WebContentsLike
  /** `null` when the frame has navigated or is gone. */
  readonly senderFrame: WebFrameLike | null
}

/** Electron's `ipcMain`. */
export interface IpcMainLike {
  handle(channel: string, listener: (event: InvokeEventLike, question: unknown) => Promise<unknown>): void
  removeHandler(channel: string): void
}

/** Electron's `contextBridge`. */
export interface ContextBridgeLike {
  exposeInMainWorld(name: string, api: object): void
}

/** Electron's `ipcRenderer`. */
export interface IpcRendererLike {
  invoke(channel: string, question: unknown): Promise<unknown>
}
