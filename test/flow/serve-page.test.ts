// The page of `npm start -- --serve`, in a real browser.

import assert from 'node:assert/strict'
import { request } from 'node:http'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { openServedDemo, type ServedDemo } from '../../packages/cli/src/demo/serve/serve-demo.ts'
import { launchBrowser } from '../support/browser.ts'
import { findLeaks, secretWindows } from './leaks.ts'

const sizes = [
  { width: 1280, height: 900 },
  { width: 400, height: 800 },
]

describe('the page of the served demo', function () {
  this.timeout(60_000)
  let browser: Browser
  let demo: ServedDemo
  let context: BrowserContext
  let complaints: string[]
  let tickets: string[]
  let urls: string[]

  before(async function () {
    browser = await launchBrowser(this)
  })

  after(async () => {
    await browser?.close()
  })

  beforeEach(async () => {
    demo = await openServedDemo({ port: 0 })
    context = await browser.newContext({ viewport: sizes[0]! })
    context.setDefaultTimeout(15_000)
    complaints = []
    tickets = []
    urls = []
    context.on('weberror', (error) => complaints.push(String(error.error())))
    context.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
    })
    context.on('request', (sent) => urls.push(sent.url()))
    context.on('response', (response) => {
      if (!response.url().endsWith('/api/tickets')) return
      void response.json().then(({ text }: { text: string }) => tickets.push(text))
    })
  })

  afterEach(async () => {
    await context.close()
    await demo.close()
    assert.equal(demo.arena.ledger.begun, demo.arena.ledger.ended, 'auth sessions begun and ended')
    assert.equal(demo.arena.ledger.ticketsAlive, 0, 'tickets that were never cancelled')
    assert.deepEqual(complaints, [])
  })

  async function openPage(): Promise<Page> {
    const page = await context.newPage()
    page.on('websocket', (socket) => urls.push(socket.url()))
    await page.goto(demo.url)
    await page.getByRole('button', { name: 'Join as Ada' }).waitFor()
    return page
  }

  const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click()
  const seeStatus = (page: Page, text: string) => page.getByRole('status').getByText(text).waitFor()
  const players = (page: Page) => page.locator('#players > li')
  const happened = (page: Page, text: string) =>
    page.getByRole('log', { name: 'What happened' }).getByText(text).first().waitFor()

  it('lets a player in, shows the handshake, and lets them wave and leave', async () => {
    const page = await openPage()
    await press(page, 'Join as Bert')
    await seeStatus(page, 'Inside as Bert')
    await seeStatus(page, 'on the copy of Ada')
    await players(page).getByText('admitted').waitFor()
    const log = page.getByRole('log', { name: 'The handshake' })
    for (const text of ['← hello', '→ ticket', '← admitted', '‹ticket']) await log.getByText(text).first().waitFor()
    const [admission] = demo.arena.gate.find(demo.arena.steam.accounts.find(({ name }) => name === 'Bert')!.steamId)
    await log.getByText(`‹ticket ${admission?.fingerprint}`).waitFor()
    await press(page, 'Wave')
    await seeStatus(page, 'Bert waves.')
    await press(page, 'Leave')
    await seeStatus(page, 'Outside')
    await page.getByText('Nobody is inside.').waitFor()
  })

  it('shows no part of a ticket, and sends none in a URL', async () => {
    const page = await openPage()
    await press(page, 'Join as Ada')
    await seeStatus(page, 'Inside as Ada')
    await press(page, 'Cancel ticket: Ada')
    await seeStatus(page, 'fresh ticket was found good')
    await page.getByLabel('What is wrong with it').selectOption('base64')
    await press(page, 'Join with this ticket')
    await seeStatus(page, 'Inside as Ada')
    const hexes = tickets.map((text) =>
      (/^[0-9a-f]+$/i.test(text) ? Buffer.from(text, 'hex') : Buffer.from(text, 'base64')).toString('hex'),
    )
    assert.equal(hexes.length, 3)
    const secrets = secretWindows(hexes)
    assert.deepEqual(findLeaks(await page.content(), secrets), [])
    assert.ok(urls.some((url) => url.startsWith('ws:')))
    for (const url of urls) assert.deepEqual(findLeaks(url, secrets), [])
  })

  for (const [variant, code] of [
    ['spliced', 'ticket-spliced'],
    ['bad-signature', 'ticket-signature-invalid'],
    ['expired', 'ticket-expired'],
    ['json-array', 'ticket-malformed'],
    ['unknown-to-steam', 'ticket-invalid'],
  ] as const) {
    it(`says ${code} to a ticket that is ${variant}`, async () => {
      const page = await openPage()
      await page.getByLabel('What is wrong with it').selectOption(variant)
      await press(page, 'Join with this ticket')
      await seeStatus(page, `Refused: ${code}`)
    })
  }

  it('says ticket-replayed when a ticket is shown again', async () => {
    const page = await openPage()
    await page.getByLabel('What is wrong with it').selectOption('replayed')
    await press(page, 'Join with this ticket')
    await seeStatus(page, 'Nothing to replay yet')
    await press(page, 'Join as Ada')
    await seeStatus(page, 'Inside as Ada')
    await press(page, 'Join with this ticket')
    await seeStatus(page, 'Refused: ticket-replayed')
  })

  it('turns away who is banned, and lets them in when the ban is lifted', async () => {
    const page = await openPage()
    await press(page, 'Join as Vera')
    await seeStatus(page, 'Refused: vac-banned')
    await press(page, 'Join as Fay')
    await seeStatus(page, 'Refused: owner-banned')
    await press(page, 'Lift the ban of Vera')
    await happened(page, 'the bans of Vera are lifted')
    await press(page, 'Join as Vera')
    await seeStatus(page, 'Inside as Vera')
  })

  it('closes the first tab when the same player joins in a second one', async () => {
    const [first, second] = [await openPage(), await openPage()]
    await press(first, 'Join as Ada')
    await seeStatus(first, 'Inside as Ada')
    await press(second, 'Join as Ada')
    await seeStatus(second, 'Inside as Ada')
    await seeStatus(first, 'Put out: replaced')
    assert.equal(await players(first).count(), 1)
  })

  it('puts out who is banned or kicked while playing', async () => {
    const page = await openPage()
    await press(page, 'Join as Cleo')
    await seeStatus(page, 'Inside as Cleo')
    await press(page, 'Ban at Steam: Cleo')
    await seeStatus(page, 'Put out: publisher-banned')
    await press(page, 'Join as Ada')
    await seeStatus(page, 'Inside as Ada')
    await press(page, 'Kick: Ada')
    await seeStatus(page, 'Put out: kicked')
  })

  it('keeps the place of who drops and returns, and gives it up when the grace runs out', async () => {
    const page = await openPage()
    await press(page, 'Join as Ada')
    await seeStatus(page, 'Inside as Ada')
    await press(page, 'Cut my connection')
    await seeStatus(page, 'The connection was lost')
    await players(page).getByText('away, place kept').waitFor()
    await press(page, 'Join as Ada')
    await seeStatus(page, 'Inside as Ada')
    await happened(page, 'Ada admitted, back within the grace')
    await press(page, 'Cut connection: Ada')
    await players(page).getByText('away, place kept').waitFor()
    await press(page, 'Let 20 seconds pass')
    await happened(page, 'auth session of Ada ended: dropped')
    await page.getByText('Nobody is inside.').waitFor()
  })

  it('refuses newcomers while Steam is down, and keeps those inside', async () => {
    const [inside, newcomer] = [await openPage(), await openPage()]
    await press(inside, 'Join as Ada')
    await seeStatus(inside, 'Inside as Ada')
    await press(inside, 'Take Steam down')
    await inside.getByText('Steam is down; the gate has not noticed yet').waitFor()
    await press(newcomer, 'Join as Cleo')
    await seeStatus(newcomer, 'Refused: backend-unavailable')
    await inside.getByText('Steam is down; the gate knows').waitFor()
    await seeStatus(inside, 'Inside as Ada')
    await press(newcomer, 'Bring Steam back')
    await happened(inside, 'Steam can be reached again')
    await press(newcomer, 'Join as Cleo')
    await seeStatus(newcomer, 'Inside as Cleo')
  })

  it('gives up the place of who closes the tab', async () => {
    const [staying, leaving] = [await openPage(), await openPage()]
    await press(leaving, 'Join as Cleo')
    await players(staying).getByText('Cleo').waitFor()
    await leaving.close()
    await staying.getByText('Nobody is inside.').waitFor()
  })

  for (const viewport of sizes) {
    it(`fits into ${viewport.width} pixels, every control with a name`, async () => {
      const page = await openPage()
      await page.setViewportSize(viewport)
      await press(page, 'Join as Bert')
      await seeStatus(page, 'Inside as Bert')
      await players(page).getByText('Bert').waitFor()
      const { overflow, unnamed } = await page.evaluate(() => ({
        overflow: document.documentElement.scrollWidth - innerWidth,
        unnamed: [...document.querySelectorAll('button, select')].filter(
          (control) =>
            !control.getAttribute('aria-label') &&
            !(control instanceof HTMLSelectElement ? control.labels.length : control.textContent?.trim()),
        ).length,
      }))
      assert.deepEqual({ overflow: Math.max(0, overflow), unnamed }, { overflow: 0, unnamed: 0 })
    })
  }
})

describe('the server of the page', () => {
  let demo: ServedDemo

  beforeEach(async () => {
    demo = await openServedDemo({ port: 0 })
  })

  afterEach(() => demo.close())

  /** A request with headers that fetch would not let through; resolves with the status. */
  function ask(method: string, path: string, headers: Record<string, string> = {}, body = ''): Promise<number> {
    const { port } = demo.arena
    return new Promise((resolve, reject) => {
      const sent = request({ port, host: '127.0.0.1', method, path, headers, agent: false }, (response) => {
        response.resume()
        resolve(response.statusCode ?? 0)
      })
      sent.on('error', reject)
      sent.end(body)
    })
  }

  it('answers no page but its own', async () => {
    const own = { origin: demo.arena.httpUrl }
    const cases: [status: number, headers: Record<string, string>, body: string][] = [
      [200, own, '{"action":"pass-time"}'],
      [403, {}, '{"action":"pass-time"}'],
      [403, { origin: 'http://evil.example' }, '{"action":"pass-time"}'],
      [403, { host: 'evil.example', origin: 'http://evil.example' }, '{"action":"pass-time"}'],
      [400, own, '{"action":"toString"}'],
      [400, own, '{"action":"kick","steamId":"1"}'],
      [400, own, '[]'],
      [400, own, 'x'.repeat(20_000)],
    ]
    for (const [status, headers, body] of cases) {
      assert.equal(
        await ask('POST', '/api/actions', headers, body),
        status,
        `${JSON.stringify(headers)} ${body.slice(0, 40)}`,
      )
    }
  })

  it('serves no file but those of the page', async () => {
    for (const path of ['/', '/style.css', '/modules/core/client.ts', '/modules/ws/client.ts', '/page/main.ts']) {
      assert.equal(await ask('GET', path), 200, path)
    }
    for (const path of [
      '/modules/core/../package.json',
      '/modules/core/%2e%2e/package.json',
      '/modules/../../../package.json',
      '/page/../command.ts',
      '/page/index.html',
      '/modules/core/nothing.ts',
      '/favicon.ico',
    ]) {
      assert.equal(await ask('GET', path), 404, path)
    }
    assert.equal(await ask('DELETE', '/'), 405)
  })
})
