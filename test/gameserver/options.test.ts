import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { silentLogger, systemClock } from '@ticketgate/core'
import { createGameServer, type GameServerOptions } from '@ticketgate/gameserver'
import { checkGameServerOptions, gameServerDefaults } from '../../packages/gameserver/src/settings.ts'
import { required } from './harness.ts'

const optionsFile = new URL('../../packages/gameserver/src/options.ts', import.meta.url)

describe('game server options', () => {
  it('are checked once, filled in, and frozen', () => {
    const settings = checkGameServerOptions(required)
    assert.ok(Object.isFrozen(settings))
    assert.deepEqual(settings, {
      appId: 480,
      product: 'test-game',
      description: 'A game under test',
      version: '1.0.0.0',
      modDir: '',
      mode: 'secure',
      gamePort: 27_015,
      queryPort: 'shared',
      token: undefined,
      libraryPath: undefined,
      steamClientPath: undefined,
      isolation: 'none',
      whenRestarted: 'keep',
      pendingMs: 5,
      idleMs: 100,
      logonTimeoutMs: 30_000,
      dangerouslyTrustTicketKey: undefined,
      logger: silentLogger,
      clock: systemClock,
    })
  })

  it('take what is given, parts of groups included', () => {
    const settings = checkGameServerOptions({
      ...required,
      ports: { query: 27_016 },
      polling: { idleMs: 1_000 },
      mode: 'no-authentication',
      token: 'A'.repeat(32),
    })
    assert.equal(settings.gamePort, 27_015)
    assert.equal(settings.queryPort, 27_016)
    assert.equal(settings.pendingMs, 5)
    assert.equal(settings.idleMs, 1_000)
    assert.equal(settings.mode, 'no-authentication')
    assert.equal(settings.token, 'A'.repeat(32))
  })

  it('have the documented defaults', async () => {
    const source = await readFile(optionsFile, 'utf8')
    const { ports, polling, ...plain } = gameServerDefaults
    for (const [name, value] of Object.entries({ ...plain, ...ports, ...polling })) {
      const text = typeof value === 'string' ? `'${value}'` : String(value).replace(/\B(?=(\d{3})+$)/g, '_')
      const written = new RegExp(`@default (.+?)(?: \\*/)?\\n(?:\\s*\\*/\\n)?\\s*readonly ${name}\\?:`).exec(
        source,
      )?.[1]
      // 27015 and 100 are written without a separator.
      assert.equal(written?.replaceAll('_', ''), text.replaceAll('_', ''), name)
    }
  })

  const wrong: [name: string, value: unknown, kind: typeof TypeError | typeof RangeError][] = [
    ['appId', 0, TypeError],
    ['appId', '480', TypeError],
    ['appId', 480.5, TypeError],
    ['product', undefined, TypeError],
    ['product', '', RangeError],
    ['product', 'é'.repeat(32), RangeError],
    ['product', 'a\0b', TypeError],
    ['description', undefined, TypeError],
    ['description', 'x'.repeat(64), RangeError],
    ['modDir', 'x'.repeat(32), RangeError],
    ['modDir', 7, TypeError],
    ['version', '1.0.0', TypeError],
    ['version', '1.0.0.0-beta', TypeError],
    ['version', 1, TypeError],
    ['mode', 'vac', TypeError],
    ['mode', 3, TypeError],
    ['ports', null, TypeError],
    ['ports.game', { game: 65_536 }, RangeError],
    ['ports.game', { game: '27015' }, TypeError],
    ['ports.query', { query: 65_535 }, RangeError],
    ['ports.query', { query: 'none' }, TypeError],
    ['token', '', TypeError],
    ['token', ' secret ', TypeError],
    ['token', 'sec\0ret', TypeError],
    ['token', 17, TypeError],
    ['libraryPath', 'libsteam_api.so', TypeError],
    ['steamClientPath', './steamclient.so', TypeError],
    ['isolation', 'worker', TypeError],
    ['whenRestarted', 'kick', TypeError],
    ['polling', 5, TypeError],
    ['polling.pendingMs', { pendingMs: 0 }, RangeError],
    ['polling.pendingMs', { pendingMs: 1_001 }, RangeError],
    ['polling.idleMs', { idleMs: 0.5 }, RangeError],
    ['polling.idleMs', { idleMs: '100' }, TypeError],
    ['logonTimeoutMs', 999, RangeError],
    ['logonTimeoutMs', 600_001, RangeError],
    ['dangerouslyTrustTicketKey', 'no key', TypeError],
    ['dangerouslyTrustTicketKey', 17, TypeError],
  ]
  for (const [name, value, kind] of wrong) {
    it(`name "${name}" when it is ${JSON.stringify(value)}`, async () => {
      const [key] = name.split('.') as [keyof GameServerOptions]
      await assert.rejects(createGameServer({ ...required, [key]: value } as GameServerOptions), (error: unknown) => {
        assert.ok(error instanceof kind)
        assert.ok(error.message.includes(`"${name}"`), error.message)
        return true
      })
    })
  }

  it('name "options" when there are none', async () => {
    await assert.rejects(createGameServer(undefined as never), /"options" must be an object/)
  })

  it('never quote a token', async () => {
    for (const token of [' S3CRET', 'S3CRET\0']) {
      await assert.rejects(
        createGameServer({ ...required, token }),
        (error: Error) => !error.message.includes('S3CRET'),
      )
    }
  })
})
