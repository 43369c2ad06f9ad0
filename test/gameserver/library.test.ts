import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { GameServerError } from '@ticketgate/gameserver'
import { loadSteamLibrary } from '../../packages/gameserver/src/binding/koffi-library.ts'
import {
  explainLoadFailure,
  explainSteamClientFailure,
  rightFile,
} from '../../packages/gameserver/src/faults/explain-load-failure.ts'
import {
  findSteamLibrary,
  searchSteamLibrary,
  steamLibraryName,
} from '../../packages/gameserver/src/library/find-steam-library.ts'
import { startProgram } from '../flow/child.ts'
import { skip } from '../support/skip.ts'

let folder: string

/** Makes a file, and the folders to it. */
function make(...path: string[]): string {
  const file = join(folder, ...path)
  mkdirSync(join(file, '..'), { recursive: true })
  writeFileSync(file, '{}')
  return file
}

function installed(name: string, platform: 'linux64' | 'win64' | 'osx', file: string): string {
  make('node_modules', ...name.split('/'), 'package.json')
  return make('node_modules', ...name.split('/'), 'dist', platform, file)
}

function faultOf(run: () => unknown): GameServerError {
  try {
    run()
  } catch (error) {
    assert.ok(error instanceof GameServerError)
    return error
  }
  assert.fail('it did not fail')
}

async function loadFault(libraryPath: string, steamClientPath?: string): Promise<GameServerError> {
  const error = await loadSteamLibrary({ libraryPath, steamClientPath }).then(
    () => assert.fail('it was loaded'),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof GameServerError)
  assert.equal(error.code, 'ERR_STEAM_LIBRARY')
  assert.ok(error.hint.length > 0)
  return error
}

describe("Valve's library", () => {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ticketgate-library-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const here = () => ({ environment: {}, from: [folder], platform: 'linux' as const })

  it('is the file of the option before all others', () => {
    const named = make('named.so')
    const environment = { STEAM_API_LIBRARY: make('environment.so') }
    installed('steamworks.js', 'linux64', 'libsteam_api.so')
    assert.deepEqual(searchSteamLibrary({ ...here(), environment, libraryPath: named }), {
      path: named,
      searched: [{ source: 'libraryPath', path: named, outcome: 'found' }],
    })
  })

  it('is the file of STEAM_API_LIBRARY before that of a package', () => {
    const path = make('environment.so')
    installed('steamworks.js', 'linux64', 'libsteam_api.so')
    assert.equal(findSteamLibrary({ ...here(), environment: { STEAM_API_LIBRARY: path } }), path)
  })

  for (const [name, platform, dist, file] of [
    ['steamworks.js', 'linux', 'linux64', 'libsteam_api.so'],
    ['steamworks.js', 'win32', 'win64', 'steam_api64.dll'],
    ['steamworks.js', 'darwin', 'osx', 'libsteam_api.dylib'],
    ['@pipelab/steamworks.js', 'linux', 'linux64', 'libsteam_api.so'],
  ] as const) {
    it(`is found in an installed ${name} on ${platform}`, () => {
      const path = installed(name, dist, file)
      assert.equal(findSteamLibrary({ ...here(), platform }), path)
      assert.equal(steamLibraryName(platform), file)
    })
  }

  it('is found in the packages of this very installation', () => {
    assert.match(findSteamLibrary({ environment: {} }), /steamworks\.js/)
  })

  it('is not looked for elsewhere when what was named is not there', () => {
    installed('steamworks.js', 'linux64', 'libsteam_api.so')
    const path = join(folder, 'gone.so')
    for (const options of [{ libraryPath: path }, { environment: { STEAM_API_LIBRARY: path } }]) {
      const error = faultOf(() => findSteamLibrary({ ...here(), ...options }))
      assert.equal(error.code, 'ERR_STEAM_LIBRARY')
      assert.equal(error.reason, 'library-missing')
      assert.ok(error.message.includes(path))
    }
  })

  it('must be named by an absolute path in the environment', () => {
    const error = faultOf(() => findSteamLibrary({ ...here(), environment: { STEAM_API_LIBRARY: 'package.json' } }))
    assert.equal(error.reason, 'library-missing')
    assert.match(error.message, /STEAM_API_LIBRARY/)
  })

  it('is missing with a list of where it was looked for', () => {
    make('node_modules', 'steamworks.js', 'package.json')
    const error = faultOf(() => findSteamLibrary(here()))
    assert.equal(error.reason, 'library-missing')
    assert.match(error.message, /STEAM_API_LIBRARY: not set/)
    assert.match(error.message, /steamworks\.js: no file .*libsteam_api\.so/)
    assert.match(error.message, /@pipelab\/steamworks\.js: not installed/)
    assert.match(error.hint, /steamworks\.js/)
  })

  it('is missing where Valve has none for the platform', () => {
    installed('steamworks.js', 'linux64', 'libsteam_api.so')
    assert.equal(faultOf(() => findSteamLibrary({ ...here(), platform: 'freebsd' })).reason, 'library-missing')
  })

  it('is missing when the file named is not there', async () => {
    assert.equal((await loadFault(join(folder, 'gone.so'))).reason, 'library-missing')
  })

  it('cannot be loaded when the file is something else', async () => {
    const error = await loadFault(make('text.so'))
    assert.equal(error.reason, 'library-unloadable')
    assert.ok(error.libraryMessage !== undefined && error.libraryMessage.length > 0)
    assert.ok(error.message.includes(error.libraryMessage))
  })

  it('cannot be loaded when it is for another processor, or of 32 bits', async function () {
    if (process.platform !== 'linux') skip(this, 'it changes the header of a library of Linux')
    for (const [offset, value] of [
      [18, process.arch === 'arm64' ? 0x3e : 0xb7],
      [4, 1],
    ] as const) {
      const bytes = readFileSync(findSteamLibrary({ environment: {} }))
      bytes[offset] = value
      const path = make(`changed-${offset}.so`)
      writeFileSync(path, bytes)
      const error = await loadFault(path)
      assert.equal(error.reason, 'library-unloadable')
      assert.match(error.hint, /another architecture/)
    }
  })

  it('is too old, naming each function it lacks, when it is another library', async function () {
    if (process.platform !== 'linux') skip(this, 'it takes a library of Linux for the one of Valve')
    const error = await loadFault('libm.so.6')
    assert.equal(error.reason, 'library-too-old')
    assert.match(error.message, /SteamInternal_GameServer_Init_V2, /)
    assert.equal(error.libraryMessage?.split(', ').length, 23)
  })

  it('is not tried when steamClientPath names no file, or one that is none', async () => {
    const library = findSteamLibrary({ environment: {} })
    assert.equal((await loadFault(library, join(folder, 'steamclient.so'))).reason, 'steamclient-missing')
    assert.equal((await loadFault(library, make('steamclient.so'))).reason, 'steamclient-unusable')
  })

  for (const [message, hint] of [
    ['/x/libsteam_api.so: wrong ELF class: ELFCLASS32', /another architecture/],
    ['mach-o file, but is an incompatible architecture', /another architecture/],
    ['%1 is not a valid Win32 application.', /another architecture/],
    ['Error loading shared library ld-linux-x86-64.so.2: No such file or directory', /glibc/],
    ['Error relocating /x: __snprintf_chk: symbol not found', /glibc/],
    ["/lib/libc.so.6: version `GLIBC_2.38' not found", /glibc/],
    ['/x/libsteam_api.so: file too short', /no library/],
    [
      'Failed to load shared library: cannot open shared object file: No such file or directory',
      /another architecture/,
    ],
    ['Failed to load shared library: cannot open shared object file: Permission denied', /may not read/],
    ['Failed to load shared library: libfoo.so.1: cannot open shared object file', /own words/],
  ] as const) {
    it(`cannot be loaded, and the hint fits: ${message}`, () => {
      const error = explainLoadFailure('/x/libsteam_api.so', true, new Error(message))
      assert.equal(error.reason, 'library-unloadable')
      assert.equal(error.libraryMessage, message)
      assert.match(error.hint, hint)
      assert.match(explainSteamClientFailure('/x/steamclient.so', true, message).hint, hint)
    })
  }

  it('is not called missing when it lies in a folder that this account may not enter', async function () {
    if (process.platform === 'win32') skip(this, 'it closes a folder as POSIX does')
    const path = make('closed', 'library.so')
    const program = `
      import 'koffi'
      import { chmodSync } from 'node:fs'
      import { createGameServer } from '@ticketgate/gameserver'
      chmodSync(${JSON.stringify(dirname(path))}, 0)
      // Root may enter every folder.
      if (process.getuid() === 0) process.seteuid(65_534)
      const options = { appId: 480, product: 'test', description: 'test', libraryPath: ${JSON.stringify(path)} }
      for (const steamClientPath of [undefined, options.libraryPath]) {
        await createGameServer({ ...options, steamClientPath }).catch(({ reason, hint }) => console.log(reason + ': ' + hint))
      }`
    try {
      await using running = startProgram(['--conditions=@ticketgate/source', '--input-type=module', '--eval', program])
      assert.equal(await running.ended, 0, running.output)
      assert.match(running.stdout, /^library-unloadable: .*may not read.*\nsteamclient-unusable: .*may not read.*\n$/)
    } finally {
      chmodSync(dirname(path), 0o700)
    }
  })

  it("cannot be loaded on musl: the words of musl's own loader are explained", function () {
    const loader = '/lib/ld-musl-x86_64.so.1'
    if (!existsSync(loader)) skip(this, `there is no musl here (Debian's package "musl" brings ${loader})`)
    const library = findSteamLibrary({ environment: {} })
    const { status, stderr } = spawnSync(loader, [library], { encoding: 'utf8' })
    assert.notEqual(status, 0)
    const words = stderr.split('\n').filter((line) => line !== '')
    assert.ok(words.length > 0)
    for (const message of words) {
      const error = explainLoadFailure(library, true, new Error(message))
      assert.equal(error.reason, 'library-unloadable')
      assert.match(error.hint, /glibc/, message)
    }
  })

  it('names the file that is meant for the processor', () => {
    assert.match(rightFile('x64'), /64-bit/)
    assert.match(rightFile('arm64'), /linuxarm64/)
    assert.match(rightFile('riscv64'), /none/)
  })

  it('cannot be called without koffi, whose package is named', async function () {
    this.timeout(30_000)
    const program = `
      import { registerHooks } from 'node:module'
      registerHooks({
        resolve(specifier, context, next) {
          if (specifier === 'koffi') throw new Error('Cannot find the native Koffi module; did you bundle it correctly?')
          return next(specifier, context)
        },
      })
      const { createGameServer } = await import('@ticketgate/gameserver')
      const { checkBinding } = await import('@ticketgate/gameserver/diagnosis')
      const options = { appId: 480, product: 'test', description: 'test' }
      for (const attempt of [() => createGameServer(options), checkBinding]) {
        await attempt().catch(({ code, reason, hint, libraryMessage }) => {
          console.log([code, reason, hint, libraryMessage].join('; '))
        })
      }`
    await using running = startProgram(['--conditions=@ticketgate/source', '--input-type=module', '--eval', program])
    assert.equal(await running.ended, 0, running.output)
    const lines = running.stdout.trim().split('\n')
    assert.equal(lines.length, 2)
    for (const line of lines) {
      assert.match(line, /^ERR_STEAM_LIBRARY; library-unloadable; .*@koromix\/koffi-.*; Cannot find the native Koffi/)
    }
  })
})
