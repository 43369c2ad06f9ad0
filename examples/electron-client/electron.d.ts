// The few of Electron's types that this example uses, so that it is type-checked where Electron is not installed.
// In your game remove this file: Electron brings its own.

declare module 'electron' {
  import type { EventEmitter } from 'node:events'
  import type { IpcMainLike, WebContentsLike } from '@ticketgate/steam/electron-main'
  import type { ContextBridgeLike, IpcRendererLike } from '@ticketgate/steam/electron-preload'

  export interface WebContents extends WebContentsLike {
    on(event: 'destroyed' | 'render-process-gone' | 'did-navigate', listener: () => void): unknown
    on(event: 'will-navigate', listener: (event: { preventDefault(): void; readonly url: string }) => void): unknown
    setWindowOpenHandler(handler: (details: { readonly url: string }) => { action: 'deny' }): void
  }

  export interface BrowserWindowOptions {
    readonly width: number
    readonly height: number
    readonly webPreferences: {
      readonly preload: string
      readonly contextIsolation: boolean
      readonly sandbox: boolean
      readonly nodeIntegration: boolean
    }
  }

  export class BrowserWindow {
    constructor(options: BrowserWindowOptions)
    readonly webContents: WebContents
    loadURL(url: string): Promise<void>
  }

  export interface Session {
    setPermissionRequestHandler(
      handler: (webContents: WebContents, permission: string, callback: (isGranted: boolean) => void) => void,
    ): void
  }

  export interface Protocol {
    registerSchemesAsPrivileged(schemes: { scheme: string; privileges: { standard: boolean; secure: boolean } }[]): void
    handle(scheme: string, handler: (request: Request) => Response | Promise<Response>): void
  }

  export interface App extends EventEmitter {
    whenReady(): Promise<void>
    quit(): void
  }

  export const app: App
  export const protocol: Protocol
  export const session: { readonly defaultSession: Session }
  export const ipcMain: IpcMainLike
  export const contextBridge: ContextBridgeLike
  export const ipcRenderer: IpcRendererLike
}
