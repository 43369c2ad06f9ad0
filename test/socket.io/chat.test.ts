// examples/socketio-chat, played in a real browser.

import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { type ChatServer, startChatServer } from '../../examples/socketio-chat/server.ts'
import { startProgram } from '../flow/child.ts'
import { launchBrowser } from '../support/browser.ts'
import { press, seeStatus, WatchedPages } from '../support/watched-pages.ts'

const screenshots = join(tmpdir(), 'ticketgate-chat')

describe('examples/socketio-chat', function () {
  this.timeout(60_000)
  let browser: Browser
  let server: ChatServer
  let context: BrowserContext
  let pages: WatchedPages
  let sessions: { begun: number; ended: number }

  before(async function () {
    browser = await launchBrowser(this)
    mkdirSync(screenshots, { recursive: true })
  })

  after(async () => {
    await browser?.close()
  })

  beforeEach(async () => {
    server = await startChatServer(0)
    pages = new WatchedPages(browser, { route: '/simulated/tickets', field: 'data' })
    sessions = { begun: 0, ended: 0 }
    server.gate.authentication.on('sessionBegun', () => void sessions.begun++)
    server.gate.authentication.on('sessionEnded', () => void sessions.ended++)
    context = await pages.openContext()
  })

  afterEach(async () => {
    await context.close()
    await server.close()
    assert.equal(sessions.begun, sessions.ended, 'auth sessions begun and ended')
    assert.deepEqual(pages.complaints, [])
  })

  async function openPage(within = context): Promise<Page> {
    const page = await within.newPage()
    await page.goto(server.url)
    return page
  }

  async function chatAs(name: string, within = context): Promise<Page> {
    const page = await openPage(within)
    await press(page, `Chat as ${name}`)
    await seeStatus(page, `You are ${name}.`)
    return page
  }

  async function say(page: Page, text: string): Promise<void> {
    await page.getByLabel('Say something').fill(text)
    await press(page, 'Send')
  }

  const hear = (page: Page, text: string) => page.getByRole('log').getByText(text, { exact: true }).waitFor()

  it('carries what people say, under the names of their Steam profiles', async () => {
    const ada = await chatAs('Ada')
    const bert = await chatAs('Bert')
    await hear(ada, 'Bert is here')
    await ada.getByText('borrowed copy').waitFor()
    await say(bert, '<b>hello</b>')
    await hear(ada, 'Bert: <b>hello</b>')
    await press(bert, 'Leave')
    await hear(ada, 'Bert has left')
    await seeStatus(bert, 'You have left.')
  })

  it('puts no ticket into a URL', async () => {
    const ada = await chatAs('Ada')
    await press(ada, 'Leave')
    await seeStatus(ada, 'You have left.')
    assert.equal(pages.tickets.length, 1)
    assert.ok(pages.urls.some((url) => url.startsWith('ws:')))
    for (const url of pages.urls) assert.ok(!pages.tickets.some((ticket) => url.includes(ticket.slice(0, 40))), url)
  })

  it('lets the second tab of a player go on, and tells the first', async () => {
    const first = await chatAs('Ada')
    const second = await chatAs('Ada')
    await seeStatus(first, '(replaced)')
    await say(second, 'still here')
    await hear(second, 'Ada: still here')
  })

  it('says no to a banned player, and why', async () => {
    const page = await openPage()
    await press(page, 'Chat as Vera')
    await seeStatus(page, '(vac-banned)')
    await press(page, 'Chat as Ada')
    await seeStatus(page, 'You are Ada.')
  })

  it('puts out whom the operator bans', async () => {
    const ada = await chatAs('Ada')
    const cleo = await chatAs('Cleo')
    await press(ada, 'Ban Cleo')
    await seeStatus(cleo, '(banned)')
    await hear(ada, 'Cleo has left')
    await press(cleo, 'Chat as Cleo')
    await seeStatus(cleo, '(banned)')
  })

  it('brings back who has dropped, with everything they missed', async () => {
    const ada = await chatAs('Ada')
    const cleo = await chatAs('Cleo')
    await hear(cleo, 'Cleo is here')
    // Out of reach for a while: its attempts to come back fail at first.
    await cleo.route('**/socket.io/**', (route) => route.abort())
    await press(cleo, 'Cut the line')
    await seeStatus(cleo, 'comes back by itself')
    await say(ada, 'anybody there?')
    await hear(ada, 'Ada: anybody there?')
    await cleo.unroute('**/socket.io/**')
    await seeStatus(cleo, 'You are Cleo.')
    await hear(cleo, 'Ada: anybody there?')
    assert.equal(sessions.begun, 2)
    // What the browser says of the attempts that were made to fail.
    pages.forgive('ERR_FAILED')
  })

  for (const size of [
    { width: 1280, height: 900 },
    { width: 400, height: 800 },
  ]) {
    it(`is readable at ${size.width} pixels`, async () => {
      const opened = await pages.openContext({ viewport: size })
      try {
        const ada = await chatAs('Ada', opened)
        const bert = await chatAs('Bert', opened)
        await say(bert, 'hello, this is a somewhat longer line that has to find room on a narrow screen as well')
        await hear(ada, 'Bert: hello, this is a somewhat longer line that has to find room on a narrow screen as well')
        await ada.screenshot({ path: join(screenshots, `inside-${size.width}.png`), fullPage: true })
        const overflow = await ada.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        )
        assert.equal(overflow, 0)
        const outside = await openPage(opened)
        await press(outside, 'Chat as Vera')
        await seeStatus(outside, '(vac-banned)')
        await outside.screenshot({ path: join(screenshots, `refused-${size.width}.png`), fullPage: true })
      } finally {
        await opened.close()
      }
    })
  }
})

describe('examples/socketio-chat, as a program', function () {
  this.timeout(30_000)
  const program = ['--conditions=@ticketgate/source', 'examples/socketio-chat/main.ts']

  it('says where it is, and closes down', async () => {
    await using chat = startProgram([...program, '--port', '0'])
    const [, url = ''] = await chat.saw(/(http:\/\/127\.0\.0\.1:\d+\/)/)
    assert.match(await (await fetch(url)).text(), /Ticketgate chat/)
    chat.kill('SIGTERM')
    await chat.saw(/0 auth sessions begun, 0 ended/)
    assert.equal(await chat.ended, 0)
  })

  it('says what is wrong with its port', async () => {
    await using chat = startProgram([...program, '--port', '65536'])
    assert.equal(await chat.ended, 2)
    assert.match(chat.output, /"--port" must be a number/)
  })
})
