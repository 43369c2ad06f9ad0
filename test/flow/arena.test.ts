// examples/colyseus-arena, which is what `npm start -- --serve` opens, played in a real browser.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, readFileSync } from 'node:fs'
import { request } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { type ArenaServer, startArenaServer } from '../../examples/colyseus-arena/server/arena-server.ts'
import { height, shipRadius, width } from '../../examples/colyseus-arena/shared/arena.ts'
import { launchBrowser } from '../support/browser.ts'
import { root } from '../support/run.ts'
import { press, seeStatus, WatchedPages } from '../support/watched-pages.ts'
import { startProgram } from './child.ts'

const sizes = [
  { width: 1280, height: 900 },
  { width: 400, height: 800 },
]
const screenshots = join(tmpdir(), 'ticketgate-arena')

interface ShownShip {
  readonly name: string
  readonly x: number
  readonly y: number
  readonly points: number
}

/** The state as JSON, as the page's `room` in the console shows it. */
interface Field {
  readonly ships: Readonly<Record<string, ShownShip>>
  readonly sparks: readonly { x: number; y: number }[]
}

describe('the arena', function () {
  this.timeout(60_000)
  let browser: Browser
  let server: ArenaServer
  let context: BrowserContext
  let pages: WatchedPages
  /** How often matchmaking has said no: a browser complains of every HTTP status from 400. */
  let refusals: number
  let sessions: { begun: number; ended: number }

  before(async function () {
    browser = await launchBrowser(this)
    mkdirSync(screenshots, { recursive: true })
  })

  after(async () => {
    await browser?.close()
  })

  beforeEach(async () => {
    server = await startArenaServer(0)
    pages = new WatchedPages(browser, { route: '/panel/tickets', field: 'data' })
    refusals = 0
    sessions = { begun: 0, ended: 0 }
    server.gate.authentication.on('sessionBegun', () => void sessions.begun++)
    server.gate.authentication.on('sessionEnded', () => void sessions.ended++)
    context = await pages.openContext()
  })

  afterEach(async () => {
    await context.close()
    await server.close()
    assert.equal(sessions.begun, sessions.ended, 'auth sessions begun and ended')
    const isRefusal = (text: string): boolean => text.includes('status of 525')
    assert.deepEqual(
      pages.complaints.filter((text) => !isRefusal(text)),
      [],
    )
    assert.equal(pages.complaints.filter(isRefusal).length, refusals, 'joins that were refused')
  })

  async function openPage(within = context): Promise<Page> {
    const page = await within.newPage()
    await page.goto(server.url)
    await page.getByRole('button', { name: 'Play as Ada' }).waitFor()
    return page
  }

  async function joinAs(name: string, page?: Page): Promise<Page> {
    const joined = page ?? (await openPage())
    await press(joined, `Play as ${name}`)
    await seeStatus(joined, `You are ${name}`)
    return joined
  }

  const players = (page: Page, text: string) => page.locator('#players > li').filter({ hasText: text })
  const scoreOf = (page: Page, name: string) => page.locator('#scores tr').filter({ hasText: name })
  const readField = (page: Page): Promise<Field> =>
    page.evaluate(() => (globalThis as unknown as { room: { state: { toJSON(): Field } } }).room.state.toJSON())

  const findShip = ({ ships }: Field, name: string): ShownShip | undefined =>
    Object.values(ships).find((ship) => ship.name === name)

  /** Waits until a ship is where it is to be, as a page sees it. */
  async function seeShip(page: Page, name: string, isSo: (ship: ShownShip) => boolean): Promise<void> {
    for (;;) {
      const ship = findShip(await readField(page), name)
      if (ship !== undefined && isSo(ship)) return
      await page.evaluate(() => new Promise(requestAnimationFrame))
    }
  }

  async function toScreen(page: Page, { x, y }: { x: number; y: number }): Promise<{ x: number; y: number }> {
    const box = (await page.locator('#arena').boundingBox())!
    return { x: box.x + (x / width) * box.width, y: box.y + (y / height) * box.height }
  }

  it('lets two players fly and collect, each seen by the other', async () => {
    const [ada, bert] = [await joinAs('Ada'), await joinAs('Bert')]
    await bert.keyboard.down('ArrowLeft')
    await seeShip(ada, 'Bert', ({ x }) => x <= shipRadius)
    await bert.keyboard.up('ArrowLeft')
    await bert.keyboard.down('KeyS')
    await seeShip(ada, 'Bert', ({ y }) => y >= height - shipRadius)
    await bert.keyboard.up('KeyS')

    await ada.bringToFront()
    const spark = await toScreen(ada, (await readField(ada)).sparks[0]!)
    await ada.mouse.move(spark.x, spark.y)
    await ada.mouse.down()
    await seeShip(bert, 'Ada', ({ points }) => points > 0)
    await ada.mouse.up()
    const { points } = findShip(await readField(ada), 'Ada')!
    await scoreOf(bert, 'Ada').getByText(String(points), { exact: true }).first().waitFor()
  })

  it('flies to a finger that is held on the field', async () => {
    const phone = await pages.openContext({ viewport: sizes[1]!, hasTouch: true, isMobile: true })
    try {
      const page = await joinAs('Cleo', await openPage(phone))
      const ship = findShip(await readField(page), 'Cleo')!
      const isRight = ship.x < width / 2
      const touch = await toScreen(page, { x: isRight ? width - 40 : 40, y: ship.y })
      const input = await phone.newCDPSession(page)
      await input.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [touch] })
      await seeShip(page, 'Cleo', ({ x }) => (isRight ? x > width - 60 : x < 60))
      await input.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] })
    } finally {
      await phone.close()
    }
  })

  it('names players as Steam does, and marks a borrowed copy', async () => {
    const [page] = [await joinAs('Bert'), await joinAs('Ada')]
    await scoreOf(page, 'Bert').getByText('borrowed copy').waitFor()
    await scoreOf(page, 'Bert').getByText('you').waitFor()
    await scoreOf(page, 'Ada').waitFor()
    assert.equal(await scoreOf(page, 'Ada').getByText('borrowed copy').count(), 0)
  })

  it('lets the second tab of a player in, and tells the first', async () => {
    const [first, dan] = [await joinAs('Ada'), await joinAs('Dan')]
    const second = await joinAs('Ada')
    await seeStatus(first, 'replaced')
    await seeStatus(first, 'You joined from somewhere else')
    await seeShip(dan, 'Ada', () => true)
    // The scoreboard follows the field: for a moment it may show neither of the two, or both.
    while ((await scoreOf(dan, 'Ada').count()) !== 1) await dan.evaluate(() => new Promise(requestAnimationFrame))
    await seeStatus(second, 'You are Ada')
  })

  it('puts out who is banned or kicked while playing, with code and text', async () => {
    const page = await joinAs('Cleo')
    await press(page, 'Ban at Steam: Cleo')
    await seeStatus(page, 'publisher-banned')
    await seeStatus(page, 'banned from this game by its publisher')
    refusals++
    await press(page, 'Play as Cleo')
    await seeStatus(page, 'Cleo is not let in')
    await press(page, 'Lift the ban of Cleo')
    await joinAs('Cleo', page)
    await press(page, 'Kick: Cleo')
    await seeStatus(page, 'kicked')
    await page.getByText('Nobody plays.').waitFor()
  })

  it('turns away who may not play', async () => {
    const page = await openPage()
    for (const [name, code] of [
      ['Vera', 'vac-banned'],
      ['Fay', 'owner-banned'],
      ['Nora', 'ticket-invalid'],
    ] as const) {
      refusals++
      await press(page, `Play as ${name}`)
      await seeStatus(page, `${name} is not let in`)
      await seeStatus(page, code)
    }
  })

  it('keeps the ship of who pulls the plug, and gives it back', async () => {
    const [ada, dan] = [await joinAs('Ada'), await joinAs('Dan')]
    await press(ada, 'Pull the plug')
    await seeStatus(ada, 'Unplugged')
    await players(dan, 'Ada').getByText('away, place kept').waitFor()
    await scoreOf(dan, 'Ada').getByText('away').waitFor()
    await press(ada, 'Plug it back in')
    await seeStatus(ada, 'You are Ada')
    await players(dan, 'Ada').getByText('playing').waitFor()
    await scoreOf(dan, 'Ada').getByText('away').waitFor({ state: 'detached' })
    assert.deepEqual(sessions, { begun: 2, ended: 0 })
  })

  it('brings back by itself whose line is cut', async () => {
    const page = await joinAs('Ada')
    await press(page, 'Cut line: Ada')
    await seeStatus(page, 'You are back, within the grace')
    assert.deepEqual(sessions, { begun: 1, ended: 0 })
  })

  it('tells who is banned while away when they come back', async () => {
    const [ada, dan] = [await joinAs('Ada'), await joinAs('Dan')]
    await press(ada, 'Pull the plug')
    await players(dan, 'Ada').getByText('away, place kept').waitFor()
    await press(dan, 'Ban at Steam: Ada')
    await players(dan, 'Ada').waitFor({ state: 'detached' })
    refusals++
    await press(ada, 'Plug it back in')
    await seeStatus(ada, 'publisher-banned')
  })

  it('tells it also when nobody else plays', async () => {
    const page = await joinAs('Ada')
    await press(page, 'Pull the plug')
    await press(page, 'Ban at Steam: Ada')
    await page.getByText('Nobody plays.').waitFor()
    refusals++
    await press(page, 'Plug it back in')
    await seeStatus(page, 'publisher-banned')
  })

  it('gets a fresh ticket over the live connection when Steam cancels the old one', async () => {
    const page = await joinAs('Ada')
    await press(page, 'Cancel ticket: Ada')
    await seeStatus(page, 'a fresh one was found good')
    await players(page, 'Ada').getByText('playing').waitFor()
    assert.equal(pages.tickets.length, 2)
  })

  it('refuses newcomers with a text while Steam is down, and keeps who is inside', async () => {
    const [inside, newcomer] = [await joinAs('Ada'), await openPage()]
    await press(inside, 'Take Steam down')
    await inside.getByText('newcomers are refused').waitFor()
    refusals++
    await press(newcomer, 'Play as Cleo')
    await seeStatus(newcomer, 'backend-unavailable')
    await seeStatus(newcomer, 'Steam cannot be reached at the moment')
    await seeStatus(inside, 'You are Ada')
    await press(newcomer, 'Bring Steam back')
    await newcomer.getByText('Steam can be reached again').waitFor()
    await joinAs('Cleo', newcomer)
  })

  it('gives the ticket back when a player leaves, and puts none into a URL', async () => {
    const page = await joinAs('Ada')
    await press(page, 'Leave')
    await seeStatus(page, 'Outside')
    await page.getByText('Nobody plays.').waitFor()
    await page.getByText('auth session of Ada ended, left').waitFor()
    while (server.steam.tickets.live > 0) await page.evaluate(() => new Promise(requestAnimationFrame))
    assert.equal(pages.tickets.length, 1)
    assert.ok(pages.urls.some((url) => url.startsWith('ws:')))
    const secret = pages.tickets[0]!.slice(0, 40)
    assert.deepEqual(
      pages.urls.filter((url) => url.includes(secret)),
      [],
    )
  })

  it('gives up the place of who closes the tab', async () => {
    const [staying, leaving] = [await openPage(), await joinAs('Cleo')]
    await players(staying, 'Cleo').waitFor()
    await leaving.close()
    await staying.getByText('Nobody plays.').waitFor()
  })

  for (const viewport of sizes) {
    it(`fits into ${viewport.width} pixels, every control with a name`, async () => {
      const [page] = [await joinAs('Ada'), await joinAs('Bert')]
      await page.setViewportSize(viewport)
      await page.bringToFront()
      await scoreOf(page, 'Bert').waitFor()
      await page.screenshot({ path: join(screenshots, `playing-${viewport.width}.png`), fullPage: true })
      const { overflow, unnamed, colors } = await page.evaluate(() => {
        const canvas = document.querySelector('canvas')!
        const pixels = new Uint32Array(
          canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height).data.buffer,
        )
        return {
          overflow: document.documentElement.scrollWidth - innerWidth,
          unnamed: [...document.querySelectorAll('button, canvas')].filter(
            (control) => !control.getAttribute('aria-label') && !control.textContent?.trim(),
          ).length,
          colors: new Set(pixels).size,
        }
      })
      assert.deepEqual({ overflow: Math.max(0, overflow), unnamed }, { overflow: 0, unnamed: 0 })
      assert.ok(colors > 100, `something is drawn: ${colors} colours`)
      await press(page, 'Leave')
      await seeStatus(page, 'Outside')
      await page.screenshot({ path: join(screenshots, `outside-${viewport.width}.png`), fullPage: true })
    })
  }
})

describe("the arena's server", () => {
  it('answers no page but its own', async () => {
    const server = await startArenaServer(0)
    try {
      const { host, origin, port } = new URL(server.url)
      const ask = (path: string, headers: Record<string, string>): Promise<number> =>
        new Promise((resolve, reject) => {
          const sent = request({ port, host: '127.0.0.1', method: 'POST', path, headers, agent: false }, (response) => {
            response.resume()
            resolve(response.statusCode ?? 0)
          })
          sent.on('error', reject)
          sent.end()
        })
      const cases: [status: number, path: string, headers: Record<string, string>][] = [
        [200, '/panel/steam/steam-up', { host, origin }],
        [400, '/panel/steam/toString', { host, origin }],
        [400, '/panel/players/kick', { host, origin }],
        [403, '/panel/steam/steam-up', { host }],
        [403, '/panel/steam/steam-up', { host, origin: 'http://evil.example' }],
        [403, '/panel/steam/steam-up', { host: 'evil.example', origin: 'http://evil.example' }],
        [403, '/panel/tickets', { host, origin: 'null' }],
        [404, '/page/main.ts', { host, origin }],
      ]
      for (const [status, path, headers] of cases) {
        assert.equal(await ask(path, headers), status, `${path} ${JSON.stringify(headers)}`)
      }
    } finally {
      await server.close()
    }
  })

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`says where it is, and closes at ${signal}`, async () => {
      await using program = startProgram([
        '--conditions=@ticketgate/source',
        'examples/colyseus-arena/main.ts',
        '--port',
        '0',
      ])
      const [, url = ''] = await program.saw(/(http:\/\/127\.0\.0\.1:\d+\/)/)
      assert.match(await (await fetch(url)).text(), /<canvas/)
      program.kill(signal)
      await program.saw(/0 auth sessions begun, 0 ended/)
      assert.equal(await program.ended, 0)
    })
  }

  it('says what is wrong with its arguments', async () => {
    for (const wrong of [['--port', '65536'], ['--port=-1'], ['--what']]) {
      await using program = startProgram([
        '--conditions=@ticketgate/source',
        'examples/colyseus-arena/main.ts',
        ...wrong,
      ])
      assert.equal(await program.ended, 2, wrong.join(' '))
      assert.match(program.output, /Usage: npm start/)
    }
  })

  it('ends with 1 when the port is taken, and says so', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    await using program = startProgram([
      '--conditions=@ticketgate/source',
      'examples/colyseus-arena/main.ts',
      '--port',
      String(port),
    ])
    assert.equal(await program.ended, 1)
    assert.match(program.output, /Port \d+ is in use/)
    server.close()
  })

  it('has a guard of at most 40 lines', () => {
    const lines = readFileSync(join(root, 'examples/colyseus-arena/server/guard.ts'), 'utf8').trimEnd().split('\n')
    assert.ok(lines.length <= 40, `${lines.length}`)
  })
})
