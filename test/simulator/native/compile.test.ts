import assert from 'node:assert/strict'
import { chmodSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { compileSteamClient, createSimulatedSteam } from '@ticketgate/simulator'
import { createFolder } from '../../support/folder.ts'
import { requireSteamClient } from './harness.ts'

describe('compileSteamClient', function () {
  this.timeout(60_000)

  before(async function () {
    await requireSteamClient(this)
  })

  it('compiles once and finds it again; leaves nothing else behind', async () => {
    using cache = createFolder({})
    const [first, second] = await Promise.all([
      compileSteamClient({ cacheFolder: cache.path }),
      compileSteamClient({ cacheFolder: cache.path }),
    ])
    assert.equal(first, second)
    const { mtimeMs } = statSync(first)
    assert.equal(await compileSteamClient({ cacheFolder: cache.path }), first)
    assert.equal(statSync(first).mtimeMs, mtimeMs)
    assert.equal(readdirSync(cache.path).length, 1)
  })

  it('compiles without a warning', async () => {
    using cache = createFolder({})
    const compiler = 'cc -Werror -Wall -Wextra -Wshadow -Wstrict-prototypes'
    await compileSteamClient({ cacheFolder: cache.path, compiler })
  })

  it('keeps the libraries of different compilers apart', async () => {
    using cache = createFolder({})
    const plain = await compileSteamClient({ cacheFolder: cache.path, compiler: 'cc' })
    assert.notEqual(await compileSteamClient({ cacheFolder: cache.path, compiler: 'cc -O1' }), plain)
  })

  it('names the compilers it tried, and what each said', async () => {
    using folder = createFolder({
      'bad-cc': '#!/bin/sh\n[ "$1" = --version ] && exit 0\necho "cannot find what it needs" >&2\nexit 1\n',
    })
    const compiler = join(folder.path, 'bad-cc')
    chmodSync(compiler, 0o755)
    const cacheFolder = join(folder.path, 'cache')
    await assert.rejects(compileSteamClient({ compiler, cacheFolder }), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'ERR_STEAM_LIBRARY')
      assert.match(error.message, /bad-cc: .*cannot find what it needs/s)
      return true
    })
    await assert.rejects(
      compileSteamClient({ compiler: 'no-such-compiler', cacheFolder }),
      /no-such-compiler: not found/,
    )
    assert.deepEqual(readdirSync(cacheFolder), [])
    await using steam = createSimulatedSteam()
    await assert.rejects(steam.openNative({ compiler: 'no-such-compiler' }), { code: 'ERR_STEAM_LIBRARY' })
  })

  it('asks a compiler for its version in the way it understands', async () => {
    using folder = createFolder({
      'odd-cc': '#!/bin/sh\ncase "$1" in --version) exit 1 ;; -v) echo odd 1 ;; *) exec cc "$@" ;; esac\n',
    })
    const compiler = join(folder.path, 'odd-cc')
    chmodSync(compiler, 0o755)
    await compileSteamClient({ compiler, cacheFolder: join(folder.path, 'cache') })
  })

  it('tries the compiler that CC names first, and then the usual ones', async () => {
    using cache = createFolder({})
    const before = process.env.CC
    try {
      process.env.CC = 'no-such-compiler'
      const usual = await compileSteamClient({ cacheFolder: cache.path })
      process.env.CC = 'cc -O1'
      assert.notEqual(await compileSteamClient({ cacheFolder: cache.path }), usual)
    } finally {
      if (before === undefined) delete process.env.CC
      else process.env.CC = before
    }
  })
})
