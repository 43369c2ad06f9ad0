// examples/ws-minimal, played in a real browser.

import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { type Program, startProgram } from '../flow/child.ts'
import { launchBrowser } from '../support/browser.ts'
import { press, seeStatus, WatchedPages } from '../support/watched-pages.ts'

const screenshots = join(tmpdir(), 'ticketgate-ws-minimal')
const program = ['--conditions=@ticketgate/source', 'examples/ws-minimal/server.ts']

describe('examples/ws-minimal, in a browser', function () {
  this.timeout(60_000)
  let browser: Browser
  let server: Program
  let url: string
  let context: BrowserContext
  let pages: WatchedPages

  before(async function () {
    browser = await launchBrowser(this)
    mkdirSync(screenshots, { recursive: true })
  })

  after(async () => {
    await browser?.close()
  })

  beforeEach(async () => {
    server = startProgram(program, { PORT: '0', STEAM_PORT: '0' })
    ;[, url = ''] = await server.saw(/a page at (http:\S+)/)
    pages = new WatchedPages(browser, { route: '/simulated/ticket', field: 'base64url' })
    context = await pages.openContext()
  })

  afterEach(async () => {
    await context.close()
    await server[Symbol.asyncDispose]()
    assert.deepEqual(pages.complaints, [])
  })

  async function openPage(within = context): Promise<Page> {
    const page = await within.newPage()
    await page.goto(url)
    return page
  }

  async function playAs(name: string, within = context): Promise<Page> {
    const page = await openPage(within)
    await press(page, `Play as ${name}`)
    await seeStatus(page, `You are ${name}.`)
    assert.equal(await page.getByRole('button', { name: /^Play as/ }).count(), 0, 'who is inside can only leave')
    return page
  }

  async function say(page: Page, text: string): Promise<void> {
    await page.getByLabel('Say something').fill(text)
    await press(page, 'Send')
  }

  const hear = (page: Page, text: string) => page.getByRole('log').getByText(text).waitFor()

  it('lets a player in, answers them, and lets them go; no ticket is in a URL', async () => {
    const ada = await playAs('Ada')
    const [, steamId] = await server.saw(/(\d{17}) is in/)
    await say(ada, '<b>hello</b>')
    await hear(ada, `${steamId} says <b>hello</b>`)
    await press(ada, 'Leave')
    await seeStatus(ada, 'You have left.')
    await server.saw(new RegExp(`${steamId} is gone`))
    assert.equal(pages.tickets.length, 1)
    assert.ok(pages.urls.some((each) => each.startsWith('ws:')))
    for (const each of pages.urls) assert.ok(!each.includes(pages.tickets[0]!.slice(0, 40)), each)
  })

  it('lets the second tab of a player go on, and tells the first', async () => {
    const first = await playAs('Ada')
    const second = await playAs('Ada')
    await seeStatus(first, '(replaced)')
    await say(second, 'still here')
    await hear(second, 'says still here')
  })

  it('says no to a banned player, and why', async () => {
    const page = await openPage()
    await press(page, 'Play as Vera')
    await seeStatus(page, '(vac-banned)')
    await press(page, 'Play as Ada')
    await seeStatus(page, 'You are Ada.')
  })

  it('puts out whom the operator bans, and Steam keeps them out', async () => {
    const bert = await playAs('Bert')
    const ada = await playAs('Ada')
    await press(bert, 'Ban me')
    await seeStatus(bert, '(banned)')
    await press(bert, 'Play as Bert')
    await seeStatus(bert, '(vac-banned)')
    await say(ada, 'alone now')
    await hear(ada, 'says alone now')
  })

  it('takes back who dropped, as the player they were', async () => {
    const ada = await playAs('Ada')
    const [, steamId] = await server.saw(/(\d{17}) is in/)
    await press(ada, 'Cut every line')
    await server.saw(new RegExp(`${steamId} is back`))
    await seeStatus(ada, 'You are Ada.')
    await say(ada, 'where was I?')
    await hear(ada, `${steamId} says where was I?`)
    assert.equal(pages.tickets.length, 2, 'a fresh one')
  })

  for (const size of [
    { width: 1280, height: 800 },
    { width: 400, height: 800 },
  ]) {
    it(`is readable at ${size.width} pixels`, async () => {
      const opened = await pages.openContext({ viewport: size })
      try {
        const ada = await playAs('Ada', opened)
        await say(ada, 'a somewhat longer line that has to find room on a narrow screen as well')
        await hear(ada, 'as well')
        const refused = await openPage(opened)
        await press(refused, 'Play as Vera')
        await seeStatus(refused, '(vac-banned)')
        for (const [name, page] of Object.entries({ inside: ada, refused })) {
          await page.screenshot({ path: join(screenshots, `${name}-${size.width}.png`), fullPage: true })
          const { scrollWidth, clientWidth } = await page.evaluate(() => document.documentElement)
          assert.equal(scrollWidth, clientWidth, name)
        }
      } finally {
        await opened.close()
      }
    })
  }
})
