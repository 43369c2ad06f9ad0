// The main job, as whoever types `npm start` sees it; and what must never be seen in it.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { exampleTicketHex } from '../../packages/cli/src/demo/example-ticket.ts'
import { scenes } from '../../packages/cli/src/demo/play.ts'
import { createFolder } from '../support/folder.ts'
import { startProgram } from './child.ts'
import { findLeaks, secretWindows } from './leaks.ts'
import type { Testimony } from './witness.ts'

const onSources = '--conditions=@ticketgate/source'
const demo = [onSources, 'packages/cli/src/main.ts', 'demo']

describe('ticketgate demo', function () {
  this.timeout(60_000)

  it('plays every scene as expected, balances the books and ends by itself with 0', async () => {
    await using program = startProgram(demo)
    const code = await program.ended
    assert.equal(code, 0, program.output)
    assert.doesNotMatch(program.output, /NOT AS EXPECTED/)
    assert.match(program.stdout, /Signed {6}yes, by Steam/)
    assert.match(program.stdout, new RegExp(`All ${scenes.length} steps went as expected`))
    assert.equal(program.stdout.match(/\bok$/gm)?.length, scenes.length)
  })

  it('ends with 1 when the port is taken, and says so', async () => {
    await using first = startProgram([...demo, '--serve', '--port', '0'])
    const [, port = ''] = await first.saw(/127\.0\.0\.1:(\d+)/)
    await using second = startProgram([...demo, '--port', port])
    assert.equal(await second.ended, 1)
    assert.match(second.output, /port \d+ is in use/)
    first.kill('SIGINT')
    assert.equal(await first.ended, 0, first.output)
    assert.match(first.output, /The server has closed/)
  })

  it('writes its log to stderr when asked to', async () => {
    await using program = startProgram([...demo, '--log', 'info'])
    assert.equal(await program.ended, 0, program.output)
    const lines = program.output.split('\n').filter((line) => line.startsWith('{'))
    const log = lines.map((line) => JSON.parse(line) as { level: number; msg: string })
    assert.ok(log.some(({ msg }) => msg === 'player admitted'))
    assert.ok(log.every(({ level }) => level >= 30))
    assert.doesNotMatch(program.stdout, /^\{/m)
  })

  describe('at the most verbose level', () => {
    let testimony: Testimony
    let output = ''
    let secrets: ReadonlySet<string>

    before(async () => {
      using folder = createFolder({})
      const file = join(folder.path, 'testimony.json')
      await using program = startProgram([onSources, 'test/flow/witness.ts', file])
      assert.equal(await program.ended, 0, program.output)
      testimony = JSON.parse(readFileSync(file, 'utf8')) as Testimony
      output = program.output
      secrets = secretWindows([...testimony.tickets, exampleTicketHex])
    })

    it('was heard in full', () => {
      const { isAsExpected, logLines, events, tickets, requests } = testimony
      assert.equal(isAsExpected, true, output)
      assert.ok(logLines > 30, `${logLines} log lines`)
      for (const name of ['admitted', 'refused', 'left', 'ended', 'revoked', 'renewed', 'backendUnavailable']) {
        assert.ok((events[`gate.${name}`] ?? 0) > 0, `no gate.${name}`)
      }
      assert.ok(tickets.length >= 20 && requests.length >= 20)
    })

    it('shows no part of a ticket in any output, log line, error or event', () => {
      assert.deepEqual(findLeaks(output, secrets), [])
      for (const text of testimony.seen) assert.deepEqual(findLeaks(text, secrets), [], text)
    })

    it('shows the key nowhere', () => {
      const key = new RegExp(testimony.key, 'i')
      assert.match(testimony.key, /^[0-9A-F]{32}$/)
      for (const text of [output, ...testimony.seen]) assert.doesNotMatch(text, key)
    })

    it('sends the key in a header of every request, and in no request line', () => {
      const key = new RegExp(testimony.key, 'i')
      for (const { url = '', headers, keyIn } of testimony.requests) {
        assert.doesNotMatch(url, key)
        assert.equal(headers?.['x-webapi-key'], testimony.key)
        assert.equal(keyIn, 'header')
      }
    })

    it('has a ticket in the request line of AuthenticateUserTicket, and in no other place of any request', () => {
      let withTicket = 0
      for (const { url = '', headers, endpoint } of testimony.requests) {
        assert.deepEqual(findLeaks(JSON.stringify(headers), secrets), [])
        const shown = new URL(url, 'http://steam').searchParams.get('ticket')
        // Whether Steam is back is asked with a ticket that is none.
        const isExpected = endpoint === 'AuthenticateUserTicket' && shown !== '00'
        assert.equal(findLeaks(url, secrets).length > 0, isExpected, endpoint)
        if (isExpected) withTicket += 1
      }
      assert.ok(withTicket > 10)
    })
  })

  describe('the search for leaks', () => {
    const ticket = readFileSync(new URL('../fixtures/example-ticket.hex', import.meta.url), 'utf8').trim()
    const bytes = Buffer.from(ticket, 'hex')
    const secrets = secretWindows([ticket])
    const piece = bytes.subarray(-60, -60 + 16)
    const forms: [name: string, text: string][] = [
      ['the whole ticket', ticket],
      ['upper-case hex', piece.toString('hex').toUpperCase()],
      ['lower-case hex between digits', `1${piece.toString('hex')}0`],
      ['base64', piece.toString('base64')],
      ['base64url inside of a longer text', `abc${bytes.toString('base64url')}`],
      ['a Buffer as Node prints it', `<Buffer ${piece.toString('hex').match(/../g)?.join(' ')}>`],
      ['a list of numbers', JSON.stringify([...piece])],
      ['a Uint8Array as JSON', JSON.stringify(new Uint8Array(piece))],
      ['raw bytes', piece.toString('latin1')],
      ['dashed hex', piece.toString('hex').match(/../g)?.join('-') ?? ''],
      ['the session half', bytes.subarray(20, 36).toString('hex')],
    ]
    for (const [name, text] of forms) {
      it(`finds ${name}`, () => assert.notDeepEqual(findLeaks(`x ${text} y`, secrets), []))
    }

    it('finds nothing in what may be shown', () => {
      assert.deepEqual(findLeaks('fingerprint 3d078b48af9c, player 76561198024929255, app 578080', secrets), [])
    })
  })
})
