// examples/electron-client as it is built: its main process and preload script with Electron's modules replaced, its
// page in a real browser, at a real server whose Steam is simulated. What Electron itself does is not shown here.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createSimulatedSteam, type SimulatedSteam } from '@ticketgate/simulator'
import { steamWebApi } from '@ticketgate/steam'
import type { Browser, Page } from 'playwright-core'
import sinon from 'sinon'
import { FakeElectron, type FakeWindow, replaceModules } from '../fixtures/electron.ts'
import { VirtualClock } from '../fixtures/virtual-clock.ts'
import { FakeSteamworks } from '../steam/steamworks/fake-steamworks.ts'
import { launchBrowser } from '../support/browser.ts'
import { createFolder } from '../support/folder.ts'
import { root, runNode } from '../support/run.ts'
import { createHarness, type Harness } from '../ws/harness.ts'

describe('examples/electron-client', function () {
  this.timeout(60_000)
  let folder: ReturnType<typeof createFolder>
  let browser: Browser
  let steam: SimulatedSteam
  let harness: Harness
  let electron: FakeElectron
  let library: FakeSteamworks
  let modules: Disposable
  let page: Page | undefined
  let complaints: string[]
  /** Where the browser gets what Electron would get from `app://game`. */
  let files: Server

  before(async function () {
    browser = await launchBrowser(this)
    folder = createFolder({})
    const built = runNode(['--conditions=@ticketgate/source', 'examples/electron-client/build.ts', folder.path])
    assert.equal(built.code, 0, built.output)
  })

  after(async () => {
    await browser?.close()
    folder?.[Symbol.dispose]()
  })

  beforeEach(async () => {
    steam = createSimulatedSteam()
    const { url, key } = await steam.listenWebApi()
    const backend = steamWebApi({ key, baseUrl: url, apps: 480, dangerouslyTrustTicketKey: steam.publicKey })
    harness = await createHarness({ gate: { backend } })
    electron = new FakeElectron()
    library = new FakeSteamworks(steam, steam.createAccount({ name: 'Alyx' }), new VirtualClock())
    library.isPrompt = true
    modules = replaceModules({ electron, 'steamworks.js': { init: () => library } })
    process.env.GAME_SERVER = harness.url
    complaints = []
    files = createServer(async ({ url = '' }, answer) => {
      const response = await electron.handlers.get('app')!(new Request(`app://game${url}`))
      answer.writeHead(response.status, Object.fromEntries(response.headers))
      answer.end(Buffer.from(await response.arrayBuffer()))
    })
    files.listen(0, '127.0.0.1')
    await once(files, 'listening')
  })

  afterEach(async () => {
    await page?.close()
    page = undefined
    electron.app.quit()
    files.closeAllConnections()
    await new Promise((resolve) => files.close(resolve))
    delete process.env.GAME_SERVER
    modules[Symbol.dispose]()
    sinon.restore()
    await harness[Symbol.asyncDispose]()
    await steam.close()
  })

  /** Starts the main process, as Electron would. */
  async function start(): Promise<FakeWindow> {
    // Every start is a new program.
    await import(`${pathToFileURL(join(folder.path, 'main.mjs'))}?start=${starts++}`)
    assert.equal(electron.windows.length, 0, 'nothing is opened before Electron is ready')
    electron.ready()
    await new Promise(setImmediate)
    const [window] = electron.windows
    assert.ok(window?.url)
    return window
  }

  /** What a sandboxed preload script may load is Electron. */
  function runPreload(window: FakeWindow): void {
    const code = readFileSync(join(folder.path, 'preload.cjs'), 'utf8')
    const { contextBridge, ipcRenderer } = window.webContents
    const require = (name: string): unknown => {
      assert.equal(name, 'electron')
      return { contextBridge, ipcRenderer }
    }
    new Function('require', 'module', 'exports', code)(require, { exports: {} }, {})
  }

  /** Shows the window's page in a browser, which gets its files where Electron would. */
  async function show(window: FakeWindow): Promise<Page> {
    runPreload(window)
    const shown = await browser.newPage()
    shown.setDefaultTimeout(15_000)
    shown.on('pageerror', (error) => complaints.push(String(error)))
    shown.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
    })
    const { ask } = window.webContents.world.ticketgate as { ask(question: unknown): Promise<unknown> }
    await shown.exposeFunction('askThrough', ask)
    await shown.addInitScript(() => {
      const scope = globalThis as unknown as Record<string, unknown>
      scope.ticketgate = { ask: scope.askThrough }
    })
    await shown.goto(window.url!.replace('app://game', `http://127.0.0.1:${(files.address() as AddressInfo).port}`))
    page = shown
    return shown
  }

  const press = (shown: Page, name: string) => shown.getByRole('button', { name, exact: true }).click()
  const seeStatus = (shown: Page, text: string) => shown.getByRole('status').getByText(text).waitFor()

  it('joins a guarded server with a ticket of Steam, and cancels it when the player leaves', async () => {
    harness.guarded.on('connection', (socket) => socket.on('message', (data) => socket.send(`you said ${data}`)))
    const shown = await show(await start())
    await press(shown, 'Join')
    await seeStatus(shown, 'You are in as 7656')
    await shown.getByText('you said hello').waitFor()
    assert.deepEqual(library.cancellations, [0])
    const left = harness.next('left')
    await press(shown, 'Leave')
    await seeStatus(shown, 'You have left.')
    await left
    while (library.cancellations[0] === 0) await new Promise(setImmediate)
    assert.deepEqual(library.cancellations, [1])
    assert.deepEqual(complaints, [])
  })

  it('tells the player why not, and can be tried again', async () => {
    steam.accounts[0]!.publisherBan()
    const shown = await show(await start())
    await press(shown, 'Join')
    await seeStatus(shown, '-banned)')
    while (library.cancellations[0] === 0) await new Promise(setImmediate)
    assert.deepEqual(library.cancellations, [1])
    await shown.getByRole('button', { name: 'Join', exact: true }).waitFor()
  })

  for (const event of ['destroyed', 'render-process-gone', 'did-navigate']) {
    it(`cancels the ticket of a page that is gone: ${event}`, async () => {
      const window = await start()
      const shown = await show(window)
      await press(shown, 'Join')
      await seeStatus(shown, 'You are in as')
      window.webContents.emit(event)
      assert.deepEqual(library.cancellations, [1])
    })
  }

  it('cancels every ticket when the application quits', async () => {
    const shown = await show(await start())
    await press(shown, 'Join')
    await seeStatus(shown, 'You are in as')
    electron.app.emit('window-all-closed')
    assert.deepEqual(library.cancellations, [1])
    assert.equal(electron.ipcMain.handlers.size, 0)
  })

  it('gives no ticket to a page that is not its own, and none for another service', async () => {
    const warn = sinon.stub(console, 'warn')
    const window = await start()
    runPreload(window)
    const { ask } = window.webContents.world.ticketgate as { ask(question: unknown): Promise<{ ok: boolean }> }
    const get = { ticketgate: 'get', id: 1, request: { kind: 'webapi', appId: 480, identity: 'another-service' } }
    assert.equal((await ask(get)).ok, false)
    const toServer = { kind: 'session', appId: 480, identity: 'my-game', serverSteamId: '90071992547409921' }
    assert.equal((await ask({ ...get, id: 2, request: toServer })).ok, false)
    window.webContents.frame = { url: 'https://evil.example/', origin: 'https://evil.example', parent: null }
    assert.equal((await ask({ ...get, id: 3, request: { ...get.request, identity: 'my-game' } })).ok, false)
    assert.equal(library.tickets.length, 0)
    sinon.assert.calledOnceWithMatch(warn, /evil\.example/)
  })

  it('opens its window isolated, and keeps it on its page', async () => {
    const window = await start()
    const { preload, ...preferences } = window.options.webPreferences
    assert.deepEqual(preferences, { contextIsolation: true, sandbox: true, nodeIntegration: false })
    assert.equal(preload, join(folder.path, 'preload.cjs'))
    assert.deepEqual(electron.privileged, [{ scheme: 'app', privileges: { standard: true, secure: true } }])
    const navigation = { url: 'https://evil.example/', preventDefault: sinon.fake() }
    window.webContents.emit('will-navigate', navigation)
    sinon.assert.calledOnce(navigation.preventDefault)
    assert.deepEqual(window.openHandler!({ url: 'https://evil.example/' }), { action: 'deny' })
    const answer = sinon.fake()
    electron.permission!({}, 'geolocation', answer)
    sinon.assert.calledOnceWithExactly(answer, false)
  })

  it('serves its own files, with a policy that names the game server and no other', async () => {
    await start()
    const serve = electron.handlers.get('app')!
    const index = await serve(new Request('app://game/index.html'))
    assert.match(index.headers.get('content-security-policy') ?? '', new RegExp(`connect-src ${harness.url};`))
    for (const url of [
      'app://game/',
      'app://game/../main.mjs',
      'app://game/%2e%2e/main.mjs',
      'app://other/index.html',
      'app://game/toString',
    ]) {
      assert.equal((await serve(new Request(url))).status, 404, url)
    }
  })

  it('is what package.json starts', () => {
    const manifest = JSON.parse(readFileSync(join(root, 'examples/electron-client/app/package.json'), 'utf8')) as {
      main: string
    }
    assert.equal(manifest.main, 'dist/main.mjs')
  })
})

let starts = 0
