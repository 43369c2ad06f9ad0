import assert from 'node:assert/strict'
import { type BackendEvent, type Clock, systemClock } from '@ticketgate/core'
import { playerId } from '../fixtures/fake-ticket.ts'
import { playerSteamId } from '../fixtures/tickets.ts'
import { endScenes, startConnected, startServer, turns } from './harness.ts'

describe('game server: polling', () => {
  afterEach(endScenes)

  it('asks for news in the next turn after a begin, and soon stops doing so', async () => {
    const { library, begin, verdicts } = await startConnected()
    await begin()
    await turns(1)
    assert.equal(verdicts().length, 1)
    const { polls } = library
    await turns(20)
    assert.equal(library.polls, polls)
  })

  it('asks in a few turns, then every pendingMs, while a verdict is outstanding', async () => {
    const { library, begin, clock } = await startConnected({ polling: { pendingMs: 20, idleMs: 500 } })
    library.verdict = undefined
    library.polls = 0
    await begin()
    await turns(20)
    assert.equal(library.polls, 4)
    clock.advance(199)
    assert.equal(library.polls, 4 + 9)
    library.sendVerdict(BigInt(playerSteamId), 0)
    clock.advance(1)
    library.polls = 0
    clock.advance(5_000)
    assert.equal(library.polls, 10)
  })

  it('asks every idleMs otherwise', async () => {
    const { library, clock } = await startConnected()
    library.polls = 0
    clock.advance(10_000)
    assert.equal(library.polls, 100)
  })

  it('asks every pendingMs during the first logon, until Steam says that it goes on trying', async () => {
    const { library, clock } = await startServer()
    await turns(10)
    library.polls = 0
    clock.advance(1_000)
    assert.equal(library.polls, 200)
    library.sendConnectFailure(3, true)
    clock.advance(5)
    library.polls = 0
    clock.advance(10_000)
    assert.equal(library.polls, 100)
  })

  it('asks every idleMs when the first logon is not answered within logonTimeoutMs', async () => {
    const { library, clock } = await startServer({ logonTimeoutMs: 1_000 })
    await turns(10)
    clock.advance(1_100)
    library.polls = 0
    clock.advance(10_000)
    assert.equal(library.polls, 100)
  })

  it('returns to idleMs when the session ends whose verdict never came', async () => {
    const { library, begin, clock, server } = await startConnected()
    library.verdict = undefined
    await begin()
    await turns(10)
    server.endAuthSession!(playerSteamId)
    clock.advance(100)
    library.polls = 0
    clock.advance(1_000)
    assert.equal(library.polls, 10)
  })

  it('reads at most 256 callbacks a turn, and the rest in the turns that follow', async () => {
    const { library, clock, verdicts } = await startConnected()
    for (let n = 1; n <= 1_000; n++) library.sendVerdict(BigInt(playerId(n)), 0)
    clock.advance(100)
    assert.equal(verdicts().length, 256)
    await turns(1)
    assert.equal(verdicts().length, 512)
    await turns(2)
    assert.deepEqual(
      verdicts().map((text) => text.split(' ')[0]),
      [...Array.from({ length: 1_000 }, (_, index) => playerId(index + 1))],
    )
  })

  it('tells nobody anything before it has read all, so that listeners may call back in', async () => {
    const { library, server, clock, begin } = await startConnected()
    const left: number[] = []
    const answers: Promise<unknown>[] = []
    server.subscribe((event: BackendEvent) => {
      if (event.type !== 'verdict') return
      left.push(library.queued)
      server.endAuthSession!(event.verdict.steamId)
      answers.push(begin(playerId(left.length + 10)))
      server.userHasLicenseForApp!(event.verdict.steamId, 480)
    })
    library.verdict = undefined
    for (let n = 1; n <= 3; n++) {
      await begin(playerId(n))
      library.sendVerdict(BigInt(playerId(n)), 0)
    }
    await turns(10)
    clock.advance(100)
    assert.deepEqual(left, [0, 0, 0])
    await Promise.all(answers)
    assert.equal(server.counts.open, 3)
  })

  it('drops what is left to tell when a listener closes it', async () => {
    const { library, server, clock, verdicts } = await startConnected()
    server.subscribe(() => void server.close())
    for (let n = 1; n <= 3; n++) library.sendVerdict(BigInt(playerId(n)), 0)
    clock.advance(100)
    assert.equal(verdicts().length, 1)
    assert.equal(server.state, 'closed')
  })

  it('goes on when a listener throws, whose error is reported as uncaught', async () => {
    const { library, server, clock, verdicts } = await startConnected()
    const uncaught: unknown[] = []
    const listeners = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.on('uncaughtException', (error) => uncaught.push(error))
    try {
      server.subscribe(() => {
        throw new Error('listener')
      })
      library.sendVerdict(BigInt(playerId(1)), 0)
      library.sendVerdict(BigInt(playerId(2)), 0)
      clock.advance(100)
      await turns(1)
    } finally {
      process.removeAllListeners('uncaughtException')
      for (const listener of listeners) process.on('uncaughtException', listener)
    }
    assert.equal(verdicts().length, 2)
    assert.equal(uncaught.length, 2)
  })

  it('frees every callback, warns and goes on when one cannot be read', async () => {
    const { library, clock, verdicts, warnings } = await startConnected()
    library.throwsInCopy = true
    for (const _ of [1, 2]) {
      library.sendVerdict(BigInt(playerId(1)), 0)
      clock.advance(100)
    }
    assert.deepEqual(warnings(), ['library-failed'])
    library.throwsInCopy = false
    library.sendVerdict(BigInt(playerId(2)), 0)
    clock.advance(100)
    assert.deepEqual(verdicts(), [`${playerId(2)} 0 ${playerId(2)}`])
  })

  it('holds the process open by none of its timers', async () => {
    const timers: NodeJS.Timeout[] = []
    const clock: Clock = {
      ...systemClock,
      setTimer(callback, delayMs) {
        const timer = systemClock.setTimer(callback, delayMs) as NodeJS.Timeout
        timers.push(timer)
        return timer
      },
    }
    const { server, library, begin } = await startServer({ clock })
    const ready = server.ready()
    library.sendConnected()
    await ready
    library.verdict = undefined
    await begin()
    await turns(10)
    assert.ok(timers.length >= 2)
    assert.ok(timers.every((timer) => !timer.hasRef()))
  })
})
