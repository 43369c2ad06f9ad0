import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join, relative } from 'node:path'
import { compileSteamClient, createSimulatedSteam } from '@ticketgate/simulator'
import { checkAppId } from '../../packages/cli/src/doctor/native/app-id.ts'
import { judgeElf, readElfHead } from '../../packages/cli/src/doctor/native/elf.ts'
import { checkLoading } from '../../packages/cli/src/doctor/native/load.ts'
import { checkMachine } from '../../packages/cli/src/doctor/native/platform.ts'
import { checkSteamClient } from '../../packages/cli/src/doctor/native/steam-client.ts'
import { checkNode } from '../../packages/cli/src/doctor/node-version.ts'
import { checkClock, checkKey, checkOpenSsl } from '../../packages/cli/src/doctor/web-api.ts'
import { steamLibraryPath } from '../fixtures/koffi-game-server.ts'
import { startProgram } from '../flow/child.ts'
import { createFolder } from '../support/folder.ts'
import { root } from '../support/run.ts'
import { requireSteamClient } from '../support/steam-client.ts'
import { runCli } from './io.ts'

interface Report {
  readonly fine: boolean
  readonly checks: readonly {
    readonly name: string
    readonly state: string
    readonly detail: string
    readonly hint: string | null
    readonly reason: string | null
  }[]
}

const token = '0123456789ABCDEF0123456789ABCDEF'

/** Runs the doctor as a program, in an environment of its own. */
async function runDoctor(args: readonly string[], env: Record<string, string> = {}) {
  const clean = Object.fromEntries(
    ['SteamAppId', 'SteamGameId', 'STEAM_API_LIBRARY', 'STEAM_GAME_SERVER_TOKEN', 'STEAM_PUBLISHER_KEY'].map((name) => [
      name,
      '',
    ]),
  )
  await using program = startProgram(
    ['--conditions=@ticketgate/source', 'packages/cli/src/main.ts', 'doctor', ...args],
    { ...clean, LD_LIBRARY_PATH: '', HOME: '/nonexistent', ...env },
  )
  const code = await program.ended
  return { code, output: program.output, stdout: program.stdout }
}

/** The same as JSON, by the names of the checks. */
async function examine(args: readonly string[], env: Record<string, string> = {}) {
  const { code, output, stdout } = await runDoctor(['--native', '--json', ...args], env)
  assert.ok(stdout.startsWith('{'), output)
  const report = JSON.parse(stdout) as Report
  assert.equal(code, report.fine ? 0 : 1)
  const of = (name: string) => {
    const found = report.checks.find((check) => check.name === name)
    assert.ok(found, `no check ${name} in ${stdout}`)
    return found
  }
  return { code, of, missing: report.checks.filter(({ state }) => state === 'missing').map(({ name }) => name), output }
}

/** A port of UDP and TCP that is free, as far as that can be known. */
async function findFreePort(): Promise<string> {
  const server = createServer().listen(0)
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return String(port)
}

describe('ticketgate doctor', function () {
  this.timeout(60_000)

  it('says what the Web API needs, never the key', async () => {
    const key = 'ABCDEF0123456789ABCDEF0123456789'
    const good = await runDoctor([], { STEAM_PUBLISHER_KEY: key })
    assert.equal(good.code, 0)
    for (const name of ['node', 'openssl', 'clock', 'key']) assert.match(good.stdout, new RegExp(`^✔ ${name} `, 'm'))
    assert.match(good.stdout, /Nothing is missing/)
    assert.ok(!good.output.includes(key))
    const bad = await runDoctor([])
    assert.equal(bad.code, 1)
    assert.match(bad.stdout, /^✖ key +STEAM_PUBLISHER_KEY is not set$/m)
    assert.match(bad.stdout, /1 point is missing/)
  })

  it('tells keys from what is none', () => {
    assert.equal(checkKey('a'.repeat(32)).state, 'fine')
    for (const key of [undefined, '', 'a'.repeat(31), `${'a'.repeat(32)}\n`, `"${'a'.repeat(32)}"`, 'your-key']) {
      const { state, detail } = checkKey(key)
      assert.equal(state, 'missing')
      if (key) assert.ok(!detail.includes(key.trim()))
    }
    assert.match(checkKey(`${'a'.repeat(32)}\n`).detail, /blanks or line ends/)
  })

  it('knows clocks that cannot be right, and an OpenSSL that forbids SHA-1', () => {
    assert.equal(checkClock(Date.now()).state, 'fine')
    assert.equal(checkClock(0).state, 'missing')
    assert.equal(checkClock(Date.UTC(2099, 0)).state, 'missing')
    assert.equal(checkOpenSsl().state, 'fine')
    const refused = checkOpenSsl(() => {
      throw new Error('invalid digest')
    })
    assert.equal(refused.state, 'missing')
    assert.match(String(refused.hint), /SHA1/)
  })

  it('holds Node against the oldest that serves', () => {
    for (const [version, state] of [
      ['24.21.0', 'fine'],
      ['22.12.0', 'fine'],
      ['22.11.9', 'missing'],
      ['20.19.0', 'missing'],
    ] as const) {
      assert.equal(checkNode('22.12', version).state, state, version)
    }
  })

  it('ends with 2 for wrong use', async () => {
    for (const args of [
      ['doctor', '--app', '480'],
      ['doctor', '--offline'],
      ['doctor', '--native', '--app', '0'],
      ['doctor', '--native', '--port', '65536'],
      ['doctor', '--native', '--timeout', '0'],
      ['doctor', '--token', token],
      ['doctor', 'what'],
    ]) {
      const { code, stdout, output } = await runCli(args)
      assert.equal(code, 2, args.join(' '))
      assert.equal(stdout, '')
      assert.ok(!output.includes(token))
    }
  })
})

describe('ticketgate doctor --native', function () {
  this.timeout(60_000)

  it('knows platforms, and libraries that are not glibc', () => {
    const states = (platform: NodeJS.Platform, arch: string, glibc?: string) =>
      checkMachine({ platform, arch, glibc }).map(({ state }) => state)
    assert.deepEqual(states('linux', 'x64', '2.36'), ['fine', 'fine'])
    assert.deepEqual(states('linux', 'x64', '2.13'), ['fine', 'missing'])
    assert.deepEqual(states('linux', 'x64'), ['fine', 'missing'])
    assert.deepEqual(states('linux', 'arm64', '2.36'), ['skipped', 'fine'])
    assert.deepEqual(states('linux', 'riscv64', '2.36'), ['missing', 'fine'])
    assert.deepEqual(states('win32', 'x64'), ['skipped'])
    assert.deepEqual(states('darwin', 'arm64'), ['skipped'])
    assert.deepEqual(states('freebsd', 'x64'), ['missing'])
    const musl = checkMachine({ platform: 'linux', arch: 'x64', glibc: undefined })[1]
    assert.match(String(musl?.hint), /Alpine/)
    assert.equal(musl?.reason, 'library-unloadable')
  })

  it('reads the head of a library', () => {
    using folder = createFolder({ text: 'no library, but long enough', short: '\u007fELF' })
    const write = (bits: number, order: number, machine: number) => {
      const head = Buffer.alloc(64)
      head.write('\u007fELF', 'latin1')
      head[4] = bits
      head[5] = order
      if (order === 2) head.writeUInt16BE(machine, 18)
      else head.writeUInt16LE(machine, 18)
      writeFileSync(join(folder.path, 'elf'), head)
      return readElfHead(join(folder.path, 'elf'))
    }
    assert.equal(judgeElf(readElfHead(steamLibraryPath('1.60')), 'x64'), undefined)
    assert.equal(judgeElf(write(2, 1, 62), 'x64'), undefined)
    assert.equal(judgeElf(write(1, 1, 3), 'x64'), 'is for ia32, 32 bits, and this Node is x64')
    assert.equal(judgeElf(write(2, 1, 183), 'x64'), 'is for arm64, 64 bits, and this Node is x64')
    assert.equal(judgeElf(write(2, 2, 21), 'x64'), 'is for machine 21, 64 bits, and this Node is x64')
    assert.deepEqual(write(3, 1, 62), { type: 'other' })
    for (const name of ['text', 'short']) assert.deepEqual(readElfHead(join(folder.path, name)), { type: 'other' })
    assert.deepEqual(readElfHead(join(folder.path, 'none')), { type: 'unreadable', code: 'ENOENT' })
    assert.match(String(judgeElf(readElfHead(folder.path), 'x64')), /cannot be read \(EISDIR\)/)
  })

  it('looks for steamclient.so where the library will, and passes over what it cannot load', async function () {
    await requireSteamClient(this)
    using folder = createFolder({ 'wrong/steamclient.so': 'text', 'empty/x': '' })
    const { path } = folder
    for (const place of ['right', 'cached', 'home/.steam/sdk64']) {
      mkdirSync(join(path, place), { recursive: true })
      symlinkSync(await compileSteamClient(), join(path, place, 'steamclient.so'))
    }
    const loaderCache = join(path, 'ld.so.cache')
    writeFileSync(
      loaderCache,
      `glibc-ld.so.cache1.1\0steamclient.so\0${join(path, 'cached/steamclient.so')}\0libc.so.6\0`,
    )
    const look = (environment: Record<string, string>, more: { steamClientPath?: string; loaderCache?: string } = {}) =>
      checkSteamClient({
        environment,
        platform: 'linux',
        arch: 'x64',
        loaderCache: '/nonexistent',
        steamClientPath: undefined,
        ...more,
      })
    const home = join(path, 'home')
    const inFolder = (name: string) => join(path, name)
    assert.match(look({ HOME: home }).detail, /home\/\.steam\/sdk64\/steamclient\.so \(HOME\)$/)
    assert.match(look({ HOME: home }, { loaderCache }).detail, /cached\/steamclient\.so \(the loader's cache\)$/)
    assert.match(
      look({ HOME: home, LD_LIBRARY_PATH: `${inFolder('empty')}:${inFolder('wrong')}:${inFolder('right')}` }).detail,
      /right\/steamclient\.so \(LD_LIBRARY_PATH\)$/,
    )
    assert.equal(look({ LD_LIBRARY_PATH: inFolder('wrong') }).state, 'missing')
    assert.equal(look({ LD_LIBRARY_PATH: inFolder('wrong') }).reason, 'steamclient-unusable')
    assert.match(look({ LD_LIBRARY_PATH: inFolder('wrong') }).detail, /is no library for Linux/)
    assert.match(look({}).detail, /HOME is not set/)
    assert.equal(look({ HOME: home }, { steamClientPath: inFolder('none') }).state, 'missing')
    assert.equal(look({ HOME: home }, { steamClientPath: inFolder('none') }).reason, 'steamclient-missing')
    assert.equal(look({}, { steamClientPath: inFolder('right/steamclient.so') }).state, 'fine')
    assert.equal(
      checkSteamClient({ steamClientPath: undefined, environment: {}, platform: 'win32', arch: 'x64' }).state,
      'skipped',
    )
  })

  it('takes the app from the option, the environment or the file, and refuses contradictions', () => {
    using folder = createFolder({ 'steam_appid.txt': '730\n' })
    using empty = createFolder({})
    const take = (option?: number, environment: Record<string, string> = {}, path = empty.path) =>
      checkAppId(option, environment, path)
    assert.equal(take(480).appId, 480)
    assert.equal(take(480, { SteamAppId: '480', SteamGameId: '480' }).appId, 480)
    assert.equal(take(undefined, { SteamAppId: '481' }, folder.path).appId, 481)
    assert.equal(take(undefined, {}, folder.path).appId, 730)
    for (const { appId, finding } of [
      take(),
      take(480, { SteamAppId: '481' }),
      take(480, { SteamGameId: '481' }),
      take(undefined, { SteamAppId: 'spacewar' }),
      take(undefined, { SteamAppId: '0' }),
    ]) {
      assert.equal(appId, undefined)
      assert.equal(finding.state, 'missing')
      assert.equal(finding.reason, 'app-id')
    }
  })

  it('finds everything in order over simulated Steam, and says so in lines and in JSON', async function () {
    await requireSteamClient(this)
    await using steam = createSimulatedSteam({ apps: [480] })
    const native = await steam.openNative()
    const port = await findFreePort()
    const env = { ...native.environment(), STEAM_GAME_SERVER_TOKEN: token }
    const args = ['--app', '480', '--port', port]
    const { code, stdout, output } = await runDoctor(['--native', ...args], env)
    assert.equal(code, 0, output)
    const names = 'platform libc node koffi library functions steamclient app ports init logon secure shutdown'.split(
      ' ',
    )
    assert.deepEqual(
      [...stdout.matchAll(/^✔ (\w+) /gm)].map(([, name]) => name),
      names,
    )
    assert.match(stdout, /SDK 1\.60 or 1\.61/)
    assert.match(stdout, new RegExp(`SteamID ${native.servers[0]?.steamId} \\(with the login token\\)`))
    assert.ok(!output.includes(token))

    const { of, missing } = await examine(args, native.environment())
    assert.deepEqual(missing, [])
    assert.match(of('logon').detail, /anonymous/)
    assert.ok(native.servers.every(({ state }) => state === 'detached'))
  })

  it('starts nothing with --offline', async function () {
    await requireSteamClient(this)
    await using steam = createSimulatedSteam({ apps: [480] })
    const native = await steam.openNative()
    const { of, missing } = await examine(
      ['--offline', '--app', '480', '--port', await findFreePort()],
      native.environment(),
    )
    assert.deepEqual(missing, [])
    for (const name of ['init', 'logon', 'secure', 'shutdown']) {
      assert.deepEqual([of(name).state, of(name).detail], ['skipped', 'not tried: --offline'])
    }
    assert.equal(native.servers.length, 0)
  })

  it('misses steamclient.so in an empty HOME', async () => {
    using home = createFolder({})
    const { of, missing } = await examine(['--app', '480', '--port', await findFreePort()], { HOME: home.path })
    assert.deepEqual(missing, ['steamclient'])
    assert.match(of('steamclient').detail, new RegExp(`${home.path}/\\.steam/sdk64/steamclient\\.so$`))
    assert.match(String(of('steamclient').hint), /SteamCMD/)
    assert.equal(of('steamclient').reason, 'steamclient-missing')
    assert.equal(of('init').state, 'skipped')
  })

  it('misses a steamclient.so of the right architecture', async () => {
    using home = createFolder({ '.steam/sdk64/steamclient.so': '' })
    const file = join(home.path, '.steam/sdk64/steamclient.so')
    const bytes = readFileSync(steamLibraryPath('1.60')).subarray(0, 4_096)
    bytes[4] = 1
    bytes.writeUInt16LE(3, 18)
    writeFileSync(file, bytes)
    const { of, missing } = await examine(['--app', '480', '--port', await findFreePort()], { HOME: home.path })
    assert.deepEqual(missing, ['steamclient'])
    assert.match(of('steamclient').detail, /is for ia32, 32 bits/)
    assert.match(String(of('steamclient').hint), /linux64/)
    assert.equal(of('steamclient').reason, 'steamclient-unusable')
  })

  it('misses the app and the library', async () => {
    const { of, missing } = await examine(['--library', 'nowhere/libsteam_api.so', '--port', await findFreePort()])
    assert.deepEqual(missing, ['library', 'steamclient', 'app'])
    assert.equal(of('library').reason, 'library-missing')
    assert.match(of('library').detail, new RegExp(`${root}/nowhere/libsteam_api\\.so`))
    assert.equal(of('functions').state, 'skipped')
    assert.equal(of('koffi').state, 'fine')
  })

  it('misses an absolute path in STEAM_API_LIBRARY, as createGameServer would', async () => {
    const relativePath = relative(root, steamLibraryPath('1.60'))
    const { of } = await examine(['--offline', '--app', '480'], { STEAM_API_LIBRARY: relativePath })
    assert.deepEqual([of('library').state, of('library').reason], ['missing', 'library-missing'])
    assert.match(of('library').detail, /relative path/)
  })

  it('misses a library that can be loaded', async () => {
    using folder = createFolder({ 'text.so': 'SteamInternal_GameServer_Init_V2', 'old.so': '', 'other.so': '' })
    const port = await findFreePort()
    const text = await examine(['--library', join(folder.path, 'text.so'), '--app', '480', '--port', port])
    assert.deepEqual(text.missing, ['library', 'steamclient'])
    assert.equal(text.of('library').reason, 'library-unloadable')

    // Cut short: its head is right and its end is missing.
    const genuine = readFileSync(steamLibraryPath('1.60'))
    writeFileSync(join(folder.path, 'old.so'), genuine.subarray(0, genuine.length / 2))
    const cut = await examine(['--library', join(folder.path, 'old.so'), '--app', '480', '--port', port])
    assert.ok(cut.missing.includes('library') || cut.missing.includes('functions'), cut.output)

    copyFileSync(await compileSteamClient(), join(folder.path, 'other.so'))
    const other = await examine(['--library', join(folder.path, 'other.so'), '--app', '480', '--port', port])
    assert.match(other.of('library').detail, /is not Valve's library/)
  })

  it('turns a crash while loading into a finding', async () => {
    using folder = createFolder({
      'crash.mjs': `process.once('message', () => {
        process.send({ step: 'koffi', outcome: 'done', detail: '3' })
        process.send({ step: 'functions', outcome: 'trying', detail: '' }, () => process.kill(process.pid, 'SIGSEGV'))
      })`,
      'silent.mjs': 'process.exit(3)',
    })
    const request = { libraryPath: '/x', steamClientPath: undefined }
    const crashed = await checkLoading(request, new URL(`file://${folder.path}/crash.mjs`))
    assert.equal(crashed.koffi.state, 'fine')
    assert.deepEqual([crashed.functions.state, crashed.functions.reason], ['missing', 'library-unloadable'])
    assert.match(crashed.functions.detail, /ended with SIGSEGV/)
    const silent = await checkLoading(request, new URL(`file://${folder.path}/silent.mjs`))
    assert.match(silent.koffi.detail, /ended with exit code 3/)
  })

  it('misses ports that are taken', async () => {
    const udp = createSocket('udp4').bind(0)
    await once(udp, 'listening')
    const tcp = createServer().listen(0)
    await once(tcp, 'listening')
    try {
      const query = String(udp.address().port)
      const game = String((tcp.address() as { port: number }).port)
      const { of, missing } = await examine(['--app', '480', '--port', game, '--query-port', query])
      assert.deepEqual(missing, ['steamclient', 'ports'])
      assert.equal(of('ports').reason, 'ports')
      assert.match(of('ports').detail, new RegExp(`TCP ${game} \\(EADDRINUSE\\)`))
      assert.match(of('ports').detail, new RegExp(`UDP ${query} \\(EADDRINUSE\\)`))
    } finally {
      udp.close()
      tcp.close()
    }
  })

  it('tells what Steam’s library says when it does not start', async function () {
    await requireSteamClient(this)
    const steamClient = await compileSteamClient()
    const { of, missing } = await examine(
      ['--app', '480', '--steam-client', steamClient, '--port', await findFreePort()],
      { TICKETGATE_SIMULATED_STEAM_FAULT: 'too-old' },
    )
    assert.deepEqual(missing, ['init'])
    assert.equal(of('init').reason, 'steamclient-too-old')
    assert.match(of('init').detail, /No SteamClient021/)
  })

  it('tells of a refused token and of a logon that takes too long', async function () {
    await requireSteamClient(this)
    await using steam = createSimulatedSteam({ apps: [480] })
    const native = await steam.openNative()
    const args = ['--app', '480', '--port', await findFreePort(), '--timeout', '1']
    native.serverFaults.logonResult = 106
    const refused = await examine(args, { ...native.environment(), STEAM_GAME_SERVER_TOKEN: token })
    assert.deepEqual(refused.missing, ['logon'])
    assert.equal(refused.of('logon').reason, 'token-refused')
    assert.ok(!refused.output.includes(token))
    native.serverFaults.logonResult = undefined
    native.serverFaults.isLogonSilent = true
    const late = await examine(args, native.environment())
    assert.deepEqual(late.missing, ['logon'])
    assert.equal(late.of('logon').reason, 'logon-timeout')
    assert.equal(late.of('shutdown').state, 'fine')
  })

  it('turns a crash of Steam’s library into a finding', async function () {
    await requireSteamClient(this)
    await using steam = createSimulatedSteam({ apps: [480] })
    const native = await steam.openNative()
    native.serverFaults.isLogonSilent = true
    const attached = native.nextServer()
    const examined = examine(['--app', '480', '--port', await findFreePort()], native.environment())
    process.kill((await attached).pid, 'SIGSEGV')
    const { of, missing } = await examined
    assert.equal(missing.length, 1)
    const found = of(missing[0]!)
    assert.ok(['init', 'logon'].includes(found.name))
    assert.equal(found.reason, 'isolation')
    assert.match(found.detail, /was ended by SIGSEGV/)
  })
})
