import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { childModule, forkOptions } from '../../../packages/gameserver/src/isolation/launch.ts'

describe('how an isolated child is started', () => {
  it('runs a file beside the one that starts it', () => {
    assert.ok(existsSync(childModule))
    assert.match(childModule.pathname, /\/child-main\.ts$/)
  })

  it('inherits export conditions and no other flag, from NODE_OPTIONS neither', () => {
    const { execArgv, env } = forkOptions(
      480,
      {},
      {
        execArgv: ['--inspect=9229', '--conditions=a', '-C', 'b', '--import', './x.js', '--conditions', 'c', '--watch'],
        env: { NODE_OPTIONS: '--inspect -C d --require ./y.js', HOME: '/home/game' },
      },
    )
    assert.deepEqual(execArgv, ['--conditions=a', '--conditions=b', '--conditions=c', '--conditions=d'])
    assert.deepEqual(env, { HOME: '/home/game', SteamAppId: '480', SteamGameId: '480' })
  })

  it('has an app of its own, whatever the game’s environment says', () => {
    const { env } = forkOptions(
      480,
      { LD_LIBRARY_PATH: '/srv/steam' },
      {
        execArgv: [],
        env: { SteamAppId: '1', SteamGameId: '2', LD_LIBRARY_PATH: '/usr/lib' },
      },
    )
    assert.deepEqual(env, { SteamAppId: '480', SteamGameId: '480', LD_LIBRARY_PATH: '/srv/steam' })
  })
})
