import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, readdirSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { compileSteamClient, createSimulatedSteam } from '@ticketgate/simulator'
import { createFolder } from '../../support/folder.ts'
import { requireSteamClient } from '../../support/steam-client.ts'

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

  it('runs no library from its cache that others may have put there', async () => {
    using cache = createFolder({})
    const library = await compileSteamClient({ cacheFolder: cache.path })
    const genuine = readFileSync(library)
    writeFileSync(library, 'poison')
    chmodSync(library, 0o777)
    assert.equal(await compileSteamClient({ cacheFolder: cache.path }), library)
    assert.equal(readFileSync(library).length, genuine.length)
    assert.equal(statSync(library).mode & 0o777, 0o755)
  })

  describe('without a folder that is named', () => {
    const before = { folder: process.cwd(), cache: process.env.XDG_CACHE_HOME }

    afterEach(() => {
      process.chdir(before.folder)
      if (before.cache === undefined) delete process.env.XDG_CACHE_HOME
      else process.env.XDG_CACHE_HOME = before.cache
    })

    const places: [string, number, string][] = [
      ['keeps it in the nearest node_modules', 0o755, 'node_modules/.cache/ticketgate'],
      ["keeps it in the user's cache where anybody may write into node_modules", 0o777, 'cache/ticketgate'],
    ]
    for (const [title, mode, place] of places) {
      it(title, async () => {
        using folder = createFolder({ 'game/server.js': '' })
        const root = realpathSync(folder.path)
        mkdirSync(join(root, 'node_modules'))
        chmodSync(join(root, 'node_modules'), mode)
        process.env.XDG_CACHE_HOME = join(root, 'cache')
        process.chdir(join(root, 'game'))
        const library = await compileSteamClient()
        process.chdir(before.folder)
        assert.equal(dirname(library), join(root, place))
      })
    }
  })

  it('says where it cannot run', async () => {
    const platform = Object.getOwnPropertyDescriptor(process, 'platform') as PropertyDescriptor
    try {
      for (const value of ['darwin', 'win32']) {
        Object.defineProperty(process, 'platform', { ...platform, value })
        await assert.rejects(compileSteamClient(), {
          code: 'ERR_STEAM_LIBRARY',
          message: new RegExp(`Linux.*${value}`),
        })
        await using steam = createSimulatedSteam()
        await assert.rejects(steam.openNative(), { code: 'ERR_STEAM_LIBRARY' })
      }
    } finally {
      Object.defineProperty(process, 'platform', platform)
    }
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
