import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { delimiter, dirname, join } from 'node:path'
import { simulatorPublicKey } from '@ticketgate/simulator'
import { inspectTicket } from '@ticketgate/steam'
import { type Program, startProgram } from '../flow/child.ts'
import { startPuppet, startServerProcess } from '../simulator/native/harness.ts'
import { createFolder } from '../support/folder.ts'
import { root } from '../support/run.ts'
import { requireSteamClient } from '../support/steam-client.ts'
import { runCli } from './io.ts'

const simulate = ['--conditions=@ticketgate/source', 'packages/cli/src/main.ts', 'simulate']

/** What a developer has in server.js, with the call that the guide prints. */
const serverProgram = (call: string) => `
import { createServer } from 'node:http'
import { createGate } from '@ticketgate/core'
import { createGameServer } from '@ticketgate/gameserver'
import { simulatorPublicKey } from '@ticketgate/simulator'
import { guard } from '@ticketgate/ws'

const backend = await ${call}
await backend.ready()
const server = createServer()
guard(server, createGate({ backend, identity: '' })).on('connection', (socket, _request, { steamId }) =>
  socket.send('welcome, ' + steamId),
)
server.listen(0, '127.0.0.1', () => console.log('listening on ' + server.address().port))
`

const gameProgram = `
import { createSteamworksTicketSource } from '@ticketgate/steam/steamworks'
import { join } from '@ticketgate/ws/client'
import { init } from 'steamworks.js'

const player = await join(process.env.SERVER, { source: createSteamworksTicketSource(init(480)) })
if (!player.ok) throw new Error(player.message)
player.socket.onmessage = ({ data }) => {
  console.log(data)
  player.leave()
}
await player.ended
process.exit()
`

/** Runs a line of a guide in a shell, as if the packages were installed in the folder. */
function paste(line: string, folder: string, env: Record<string, string> = {}): Program {
  // The shell makes room for the program, which is what gets the signals then.
  return startProgram(
    ['-c', `exec ${line}`],
    {
      NODE_OPTIONS: '--conditions=@ticketgate/source',
      PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}`,
      ...env,
    },
    { file: '/bin/sh', cwd: folder },
  )
}

interface Ticket {
  handle: number
  hex: string
}

describe('ticketgate simulate', function () {
  this.timeout(30_000)

  it('answers what its guide says, and ends cleanly with a signal', async () => {
    await using program = startProgram([...simulate, '--port', '0', '--app', '480', '--app', '730', '--seed', '7'])
    await program.saw(/Ctrl\+C ends it/)
    const [, url = '', key = ''] = /at (http:\S+), apps 480, 730, key (\S+)/.exec(program.stdout) ?? []
    const [, ada] = /(\d{17}) {2}Ada /.exec(program.stdout) ?? []
    const [, vera] = /(\d{17}) {2}Vera /.exec(program.stdout) ?? []
    const post = async <Answer>(path: string, body: object = {}): Promise<Answer> => {
      const response = await fetch(`${url}/simulator/${path}`, { method: 'POST', body: JSON.stringify(body) })
      assert.ok(response.ok, `${path}: ${response.status}`)
      return (await response.json()) as Answer
    }
    const ask = async (ticket: Ticket) => {
      const query = new URLSearchParams({ appid: '480', identity: 'my-game', ticket: ticket.hex })
      const response = await fetch(`${url}/ISteamUserAuth/AuthenticateUserTicket/v1/?${query}`, {
        headers: { 'x-webapi-key': key },
      })
      return { status: response.status, text: await response.text() }
    }

    const ticket = await post<Ticket>(`accounts/${ada}/tickets`, { identity: 'my-game' })
    assert.equal(inspectTicket(ticket.hex, { dangerouslyTrustKey: simulatorPublicKey }).steamId, ada)
    const good = JSON.parse((await ask(ticket)).text) as { response: { params: Record<string, unknown> } }
    assert.equal(good.response.params.steamid, ada)
    assert.equal(good.response.params.vacbanned, false)

    const banned = JSON.parse(
      (await ask(await post<Ticket>(`accounts/${vera}/tickets`, { identity: 'my-game' }))).text,
    ) as { response: { params: Record<string, unknown> } }
    assert.equal(banned.response.params.vacbanned, true)

    await post('faults', { kind: 'status', status: 503, times: 1 })
    assert.equal((await ask(ticket)).status, 503)
    assert.equal((await ask(ticket)).status, 200)

    program.kill('SIGTERM')
    assert.equal(await program.ended, 0, program.output)
    await program.saw(/Simulated Steam has ended\. It had 4 requests\./)
  })

  it('has the same accounts and the same key for the same seed', async () => {
    const guides: string[] = []
    for (let time = 0; time < 2; time++) {
      await using program = startProgram([...simulate, '--port', '0', '--seed', '11'])
      await program.saw(/Ctrl\+C ends it/)
      guides.push(program.stdout.replace(/127\.0\.0\.1:\d+/g, 'host'))
    }
    assert.equal(guides[0], guides[1])
  })

  it('warns when strangers can reach it', async () => {
    await using program = startProgram([...simulate, '--port', '0', '--host', '0.0.0.0'])
    await program.saw(/Ctrl\+C ends it/)
    assert.match(program.output, /warning: listening on 0\.0\.0\.0/)
    program.kill('SIGINT')
    assert.equal(await program.ended, 0, program.output)
  })

  it('runs a native Steam client beside it for the processes that its guide names', async function () {
    await requireSteamClient(this)
    await using program = startProgram([...simulate, '--port', '0', '--native'])
    await program.saw(/Ctrl\+C ends it/)
    const [, url = ''] = /at (http:\S+), apps/.exec(program.stdout) ?? []
    const [, home = '', folder = ''] = /env HOME='(.+?)' TICKETGATE_SIMULATED_STEAM='(.+?)'/.exec(program.stdout) ?? []
    const created = await fetch(`${url}/simulator/accounts`, { method: 'POST', body: '{"name":"Zoe"}' })
    const { steamId } = (await created.json()) as { steamId: string }
    const environment = { HOME: home, TICKETGATE_SIMULATED_STEAM: folder, TICKETGATE_SIMULATED_ACCOUNT: steamId }
    await using client = await startPuppet('client-process.ts', environment)
    await client.call('init', 480)
    await using server = await startServerProcess({ environment: () => environment })
    assert.equal((await server.init()).message, '')
    await server.logOnAnonymous()
    await server.pollUntil(115)
    const ticket = await client.call<{ bytes: Buffer }>('ticketForServer', await server.steamId())
    assert.equal(await server.begin(ticket.bytes, steamId), 0)
    const verdict = (await server.pollUntil(143)).at(-1)
    assert.equal(verdict?.bytes.readInt32LE(8), 0)

    program.kill('SIGINT')
    assert.equal(await program.ended, 0, program.output)
    assert.ok(!existsSync(folder))
    assert.ok((await server.pollUntil(103)).length > 0)
  })

  it('prints a native guide whose lines work when they are pasted', async function () {
    await requireSteamClient(this)
    await using program = startProgram([...simulate, '--port', '0', '--native'])
    await program.saw(/Ctrl\+C ends it/)
    const [, serverLine = ''] = /^ {2}(env .+ node server\.js)$/m.exec(program.stdout) ?? []
    const [, gameLine = ''] = /^ {2}(env .+ node game\.js)$/m.exec(program.stdout) ?? []
    const [, journal = ''] = /^ {2}tail -f '(.+)'$/m.exec(program.stdout) ?? []
    const [call = ''] = /createGameServer\(\{[^}]+\}\)/.exec(program.stdout) ?? []
    const [, ada = ''] = /(\d{17}) {2}Ada /.exec(program.stdout) ?? []
    assert.ok(existsSync(journal))
    using folder = createFolder({ 'server.js': serverProgram(call), 'game.js': gameProgram })
    symlinkSync(join(root, 'node_modules'), join(folder.path, 'node_modules'))

    await using server = paste(serverLine, folder.path)
    const [, port = ''] = await server.saw(/listening on (\d+)/)
    await using game = paste(gameLine, folder.path, { SERVER: `ws://127.0.0.1:${port}` })
    await game.saw(new RegExp(`welcome, ${ada}`))
    assert.equal(await game.ended, 0, game.output)

    program.kill('SIGTERM')
    assert.equal(await program.ended, 0, program.output)
    assert.ok(!existsSync(journal))
  })

  it('says so when no C compiler works', async () => {
    const environment = { CC: 'no-such-compiler', PATH: '/nowhere' }
    await using program = startProgram([...simulate, '--port', '0', '--native'], environment)
    assert.equal(await program.ended, 1)
    assert.match(program.output, /No C compiler made the native Steam client/)
    assert.match(program.output, /no-such-compiler: not found/)
  })

  it('does not take an empty host for every address', async () => {
    const { code, stderr } = await runCli(['simulate', '--port', '0', '--host', ''])
    assert.equal(code, 2)
    assert.match(stderr, /--host/)
  })

  it('says so when the port is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    await using program = startProgram([...simulate, '--port', String(port)])
    assert.equal(await program.ended, 1)
    assert.match(program.output, /port \d+ is in use/)
    server.close()
    await once(server, 'close')
  })
})
