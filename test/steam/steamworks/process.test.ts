import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TicketRequest } from '@ticketgate/core/client'
import {
  type SteamworksProcess,
  type SteamworksProcessOptions,
  startSteamworksProcess,
} from '@ticketgate/steam/steamworks-process'
import { startProgram } from '../../flow/child.ts'
import { createFolder } from '../../support/folder.ts'

const library = new URL('fake-module.cjs', import.meta.url).href
const request: TicketRequest = { kind: 'webapi', appId: 480, identity: 'my-game' }
const never = new AbortController().signal

describe('startSteamworksProcess', function () {
  this.timeout(60_000)
  let folder: ReturnType<typeof createFolder>
  let file: string
  let steamworks: SteamworksProcess | undefined

  beforeEach(() => {
    folder = createFolder({ 'log.txt': '' })
    file = join(folder.path, 'log.txt')
    process.env.FAKE_STEAMWORKS_LOG = file
  })

  afterEach(async () => {
    await steamworks?.close()
    steamworks = undefined
    delete process.env.FAKE_STEAMWORKS_LOG
    folder[Symbol.dispose]()
  })

  const log = (): string[] => readFileSync(file, 'utf8').trimEnd().split('\n').slice(1)

  async function until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise(setImmediate)
  }

  async function start(options: Partial<SteamworksProcessOptions> = {}): Promise<SteamworksProcess> {
    steamworks = await startSteamworksProcess({ appId: 480, library, ...options })
    return steamworks
  }

  it('gets tickets from there, and cancels them there', async () => {
    const { source } = await start({ pauseAfterCancelMs: 0 })
    assert.deepEqual(source.kinds, ['webapi', 'session'])
    assert.deepEqual(source.appIds, [480])
    const tickets = await Promise.all([
      source.getTicket(request, never),
      source.getTicket(request, never),
      source.getTicket({ ...request, kind: 'session', serverSteamId: '90071992547409921' }, never),
    ])
    const data = tickets.map((ticket) => Buffer.from(String(ticket.data), 'base64url')[3])
    assert.deepEqual(data.toSorted(), [1, 2, 3])
    tickets[0]!.cancel()
    await until(() => log().length === 1)
    assert.deepEqual(log(), [`ticket ${data[0]} cancelled`])
  })

  it("tells the library's reason for giving no ticket", async () => {
    const { source } = await start()
    await assert.rejects(source.getTicket({ ...request, identity: 'failure' }, never), {
      code: 'ERR_TICKET_REQUEST',
      message: /generic failure/,
    })
  })

  it('keeps the deadline there', async () => {
    const { source } = await start({ deadlineMs: 5 })
    await assert.rejects(source.getTicket({ ...request, identity: 'silence' }, never), { message: /within 5 ms/ })
  })

  it('cancels what is open when it is closed', async () => {
    const { source, close, ended, pid } = await start()
    await source.getTicket(request, never)
    await close()
    await ended
    assert.deepEqual(log(), ['ticket 1 cancelled'])
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
    await assert.rejects(source.getTicket(request, never), { code: 'ERR_TICKET_REQUEST' })
    await close()
  })

  for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
    it(`cancels what is open when it is ended by ${signal}`, async () => {
      const { source, ended, pid } = await start()
      await source.getTicket(request, never)
      process.kill(pid, signal)
      await ended
      assert.deepEqual(log(), ['ticket 1 cancelled'])
    })
  }

  it('bears Ctrl+C, which reaches every process of the terminal', async () => {
    const { source, pid } = await start({ pauseAfterCancelMs: 0 })
    process.kill(pid, 'SIGINT')
    assert.ok(await source.getTicket(request, never))
    assert.deepEqual(log(), [])
  })

  it('rejects with ERR_STEAM_INIT when the system starts no process', async () => {
    const { execPath } = process
    try {
      process.execPath = join(folder.path, 'no-node')
      await assert.rejects(start(), (error: Error & { code?: string; cause?: { code?: string } }) => {
        assert.equal(error.code, 'ERR_STEAM_INIT')
        assert.equal(error.cause?.code, 'ENOENT')
        return true
      })
    } finally {
      process.execPath = execPath
    }
  })

  for (const flags of [['--inspect-brk=0'], ['--input-type=module', '--eval', 'process.exit(7)']]) {
    it(`starts though the game was started with ${flags[0]}`, async () => {
      const { execArgv } = process
      try {
        process.execArgv = [...flags, ...execArgv]
        const { source } = await start()
        assert.deepEqual(source.appIds, [480])
      } finally {
        process.execArgv = execArgv
      }
    })
  }

  it('starts though NODE_OPTIONS has a debugger wait, and has its conditions from there as well', async () => {
    const { execArgv } = process
    const { NODE_OPTIONS: nodeOptions } = process.env
    try {
      process.execArgv = []
      process.env.NODE_OPTIONS = `--inspect-brk=0 ${execArgv.join(' ')}`
      const { source } = await start({ startTimeoutMs: 10_000 })
      assert.deepEqual(source.appIds, [480])
    } finally {
      process.execArgv = execArgv
      if (nodeOptions === undefined) delete process.env.NODE_OPTIONS
      else process.env.NODE_OPTIONS = nodeOptions
    }
  })

  it('ends it by force when it hangs', async () => {
    const { source, close, pid } = await start()
    const waiting = source.getTicket({ ...request, identity: 'hang' }, never)
    await until(() => log().includes('asked and hangs'))
    await close()
    await assert.rejects(waiting, { code: 'ERR_TICKET_REQUEST', message: /SIGKILL/ })
    assert.ok(!isAlive(pid))
  })

  it('outlives a panic of the library, and says so', async () => {
    const { source, ended } = await start()
    await assert.rejects(source.getTicket({ ...request, identity: 'panic' }, never), {
      code: 'ERR_TICKET_REQUEST',
      message: /SIGABRT/,
    })
    await ended
    await assert.rejects(source.getTicket(request, never), { code: 'ERR_TICKET_REQUEST' })
  })

  for (const [end, code] of [
    ['by itself', 0],
    ['exit', 0],
    ['kill', null],
  ] as const) {
    it(`prints nothing of the library, and ends with the program: ${end}`, async () => {
      await using program = startProgram(
        ['--conditions=@ticketgate/source', 'test/steam/steamworks/process-program.ts', end],
        { FAKE_STEAMWORKS_LOG: file },
      )
      const [, pid] = await program.saw(/^(\d+) gave AQIDAQ\n/)
      assert.equal(await program.ended, code)
      assert.match(program.output, /^\d+ gave AQIDAQ\n$/)
      await until(() => log().length === 1)
      assert.deepEqual(log(), ['ticket 1 cancelled'])
      await until(() => !isAlive(Number(pid)))
    })
  }

  it('ends by force when it hangs and the program is killed', async () => {
    await using program = startProgram(
      ['--conditions=@ticketgate/source', 'test/steam/steamworks/process-program.ts', 'kill while it hangs'],
      { FAKE_STEAMWORKS_LOG: file },
    )
    const [, pid] = await program.saw(/^(\d+) gave/)
    try {
      assert.equal(await program.ended, null)
      assert.deepEqual(log(), ['asked and hangs'])
      await until(() => !isAlive(Number(pid)))
    } finally {
      if (isAlive(Number(pid))) process.kill(Number(pid), 'SIGKILL')
    }
  })

  const failures: [string, Partial<SteamworksProcessOptions>, string, RegExp][] = [
    ['the library is not there', { library: 'not-steamworks' }, 'ERR_STEAM_LIBRARY', /not-steamworks/],
    ['it is another library', { library: 'node:path' }, 'ERR_STEAM_LIBRARY', /"init"/],
    ['Steam is not running', { appId: 1 }, 'ERR_STEAM_INIT', /Steam is not running/],
    ['the process ends', { appId: 2 }, 'ERR_STEAM_INIT', /ended with 3/],
    ['the process hangs', { appId: 3, startTimeoutMs: 1 }, 'ERR_STEAM_INIT', /within 1 ms/],
  ]
  for (const [title, options, code, message] of failures) {
    it(`rejects with ${code} when ${title}, and leaves no process`, async () => {
      await assert.rejects(start(options), { code, message })
      const [, pid] = /process (\d+)/.exec(readFileSync(file, 'utf8')) ?? []
      if (pid !== undefined) assert.ok(!isAlive(Number(pid)))
    })
  }

  const wrong: [string, unknown, string, RegExp][] = [
    ['no options', undefined, 'TypeError', /"options"/],
    ['no app', {}, 'TypeError', /"appId"/],
    ['an app that is text', { appId: '480' }, 'TypeError', /"appId"/],
    ['no library', { appId: 480, library: '' }, 'TypeError', /"library"/],
    ['no time', { appId: 480, startTimeoutMs: 0 }, 'RangeError', /"startTimeoutMs"/],
    ['a deadline that is text', { appId: 480, deadlineMs: '20' }, 'TypeError', /"deadlineMs"/],
  ]
  for (const [title, options, name, message] of wrong) {
    it(`rejects with a ${name} for ${title}`, async () => {
      await assert.rejects(startSteamworksProcess(options as SteamworksProcessOptions), { name, message })
    })
  }
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
