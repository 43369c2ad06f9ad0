import assert from 'node:assert/strict'
import type { TicketRequest, TicketSource } from '@ticketgate/core/client'
import {
  type PageTickets,
  type PageTicketsOptions,
  serveTicketsToPages,
  type WebFrameLike,
} from '@ticketgate/steam/electron-main'
import { exposeTickets } from '@ticketgate/steam/electron-preload'
import { createElectronTicketSource } from '@ticketgate/steam/electron-renderer'
import { FakeSource } from '../../core/client/fake-source.ts'
import { settle } from '../../fixtures/virtual-clock.ts'
import { FakeIpcMain, FakePage } from './fake-electron.ts'

const request: TicketRequest = { kind: 'webapi', appId: 480, identity: 'my-game' }
const never = new AbortController().signal

describe('tickets for pages in Electron', () => {
  let made: FakeSource
  let ipcMain: FakeIpcMain
  let tickets: PageTickets
  let refused: { url: string | undefined; reason: string }[]

  beforeEach(() => {
    made = new FakeSource()
    ipcMain = new FakeIpcMain()
    refused = []
    tickets = serve()
  })

  function serve(options: Partial<PageTicketsOptions> = {}): PageTickets {
    ipcMain = new FakeIpcMain()
    return serveTicketsToPages(ipcMain, made, {
      allowedOrigins: ['app://game'],
      onRefused: (event) => refused.push(event),
      ...options,
    })
  }

  function open(frame?: Partial<WebFrameLike> | null): FakePage {
    const page = new FakePage(ipcMain, frame)
    exposeTickets(page.contextBridge, page.ipcRenderer)
    return page
  }

  /** Runs as a script of the page would. */
  async function sourceIn(page: FakePage): Promise<TicketSource> {
    const scope = globalThis as Record<string, unknown>
    scope.ticketgate = page.world.ticketgate
    try {
      return await createElectronTicketSource()
    } finally {
      delete scope.ticketgate
    }
  }

  it('gives a page the ticket it asks for, and cancels it when the page says so', async () => {
    const source = await sourceIn(open())
    const ticket = await source.getTicket(request, never)
    assert.equal(ticket.data, 'ticket-1')
    assert.equal(tickets.openTickets, 1)
    ticket.cancel()
    await settle()
    assert.deepEqual(made.cancellations, [1])
    assert.equal(tickets.openTickets, 0)
    assert.deepEqual(refused, [])
  })

  it('puts one function into the page, and nothing of Electron', () => {
    const { ticketgate } = open().world
    assert.deepEqual(Object.keys(ticketgate as object), ['ask'])
  })

  const strangers: [string, Partial<WebFrameLike> | null, string[]?][] = [
    ['a page of another origin', { url: 'https://evil.example/', origin: 'https://evil.example' }],
    ['a frame within the page', { parent: {} }],
    ['a frame that is gone', null],
    ['a page in a sandbox, which has no origin', { origin: 'null' }],
    ['a blank window that inherits the origin', { url: 'about:blank' }],
    ['a window without URL', { url: '' }],
    ['another host of the scheme', { url: 'app://gamer/', origin: 'app://gamer' }],
    [
      'another port',
      { url: 'https://play.example:444/', origin: 'https://play.example:444' },
      ['https://play.example'],
    ],
    ['plain HTTP', { url: 'http://play.example/', origin: 'http://play.example' }, ['https://play.example']],
    [
      'a host behind a user name',
      { url: 'https://play.example@evil.example/', origin: 'https://evil.example' },
      ['https://play.example'],
    ],
    ['a file of the machine', { url: 'file:///tmp/page.html', origin: 'file://' }],
    ['a blob', { url: 'blob:app://game/1', origin: 'app://game' }],
  ]
  for (const [title, frame, allowedOrigins = ['app://game']] of strangers) {
    it(`refuses ${title}, and says so to the application`, async () => {
      tickets = serve({ allowedOrigins })
      const page = open(frame)
      await assert.rejects(sourceIn(page), { code: 'ERR_TICKET_REQUEST', message: /may not ask/ })
      const { ask } = page.world.ticketgate as { ask(question: unknown): Promise<unknown> }
      assert.deepEqual(await ask({ ticketgate: 'get', id: 1, request }), {
        ok: false,
        message: 'this page may not ask for tickets',
      })
      assert.equal(made.tickets.length, 0)
      assert.equal(refused.length, 2)
      assert.equal(refused[0]?.url, frame === null ? undefined : (frame.url ?? 'app://game/index.html'))
      assert.equal(page.eventNames().length, 0)
    })
  }

  it('bears a log of the application that throws, and keeps its words', async () => {
    tickets = serve({
      onRefused: () => {
        throw new Error('secret')
      },
    })
    const { ask } = open({ parent: {} }).world.ticketgate as { ask(question: unknown): Promise<unknown> }
    assert.deepEqual(await ask({ ticketgate: 'kinds' }), { ok: false, message: 'this page may not ask for tickets' })
  })

  const hosts: [string, Partial<WebFrameLike>][] = [
    ['https://play.example', { url: 'https://play.example/a?b#c', origin: 'https://play.example' }],
    ['http://localhost:5173', { url: 'http://localhost:5173/', origin: 'http://localhost:5173' }],
    ['file://', { url: 'file:///opt/game/index.html', origin: 'file://' }],
  ]
  for (const [origin, frame] of hosts) {
    it(`serves a page of ${origin}`, async () => {
      tickets = serve({ allowedOrigins: ['app://game', origin] })
      assert.ok(await sourceIn(open(frame)))
    })
  }

  it('refuses a page that has navigated to another origin since', async () => {
    const page = open()
    const source = await sourceIn(page)
    page.frame = { url: 'https://evil.example/', origin: 'https://evil.example', parent: null }
    await assert.rejects(source.getTicket(request, never), { code: 'ERR_TICKET_REQUEST' })
  })

  for (const event of ['destroyed', 'render-process-gone', 'did-navigate']) {
    it(`cancels a page's tickets at ${event}, those still to come included, and nobody else's`, async () => {
      const page = open()
      const other = await sourceIn(open())
      await other.getTicket(request, never)
      const source = await sourceIn(page)
      await source.getTicket(request, never)
      made.isHeld = true
      source.getTicket(request, never).catch(() => {})
      await settle()
      page.emit(event)
      made.waiting[0]!()
      await settle()
      assert.deepEqual(made.cancellations, [0, 1, 1])
      assert.equal(tickets.openTickets, 1)
      assert.equal(page.eventNames().length, 0)
    })
  }

  it('serves the page that comes after, in the same window', async () => {
    const page = open()
    await (await sourceIn(page)).getTicket(request, never)
    page.emit('did-navigate')
    await (await sourceIn(page)).getTicket(request, never)
    assert.deepEqual(made.cancellations, [1, 0])
  })

  it('counts the tickets of each page for itself', async () => {
    tickets = serve({ maxTickets: 1 })
    const [one, two] = [await sourceIn(open()), await sourceIn(open())]
    await one!.getTicket(request, never)
    await two!.getTicket(request, never)
    await assert.rejects(one!.getTicket(request, never), { code: 'ERR_TICKET_REQUEST' })
  })

  it('cancels everything when it is closed, and answers no more', async () => {
    const source = await sourceIn(open())
    await source.getTicket(request, never)
    tickets.close()
    assert.deepEqual(made.cancellations, [1])
    await assert.rejects(source.getTicket(request, never), { code: 'ERR_TICKET_REQUEST' })
    assert.equal(ipcMain.handlers.size, 0)
  })

  it('tells a page without a bridge what is missing', async () => {
    await assert.rejects(createElectronTicketSource(), { name: 'TypeError', message: /exposeTickets/ })
  })

  describe('what it is given', () => {
    const wrong: [string, unknown, RegExp][] = [
      ['no options', undefined, /"options"/],
      ['no origins', {}, /"allowedOrigins"/],
      ['an empty list', { allowedOrigins: [] }, /"allowedOrigins"/],
      ['every origin', { allowedOrigins: ['*'] }, /"allowedOrigins"/],
      ['a URL with a path', { allowedOrigins: ['https://play.example/'] }, /"allowedOrigins"/],
      ['a blank page', { allowedOrigins: ['about:blank'] }, /"allowedOrigins"/],
      ['data', { allowedOrigins: ['data:'] }, /"allowedOrigins"/],
      ['a number', { allowedOrigins: [5] }, /"allowedOrigins"/],
      ['no function', { allowedOrigins: ['file://'], onRefused: 5 }, /"onRefused"/],
      ['no number', { allowedOrigins: ['file://'], maxTickets: '1' }, /"maxTickets"/],
    ]
    for (const [title, options, message] of wrong) {
      it(`throws a TypeError for ${title}`, () => {
        assert.throws(() => serveTicketsToPages(new FakeIpcMain(), made, options as PageTicketsOptions), {
          name: 'TypeError',
          message,
        })
      })
    }

    it('throws a TypeError where Electron is not', () => {
      assert.throws(() => serveTicketsToPages(undefined as never, made, { allowedOrigins: ['file://'] }), {
        name: 'TypeError',
        message: /"ipcMain"/,
      })
    })
  })
})
