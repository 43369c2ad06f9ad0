import assert from 'node:assert/strict'
import { BackendError, type LogMethod } from '@ticketgate/core'
import type { GameServerError } from '@ticketgate/gameserver'
import { Noise } from '../../../packages/gameserver/src/isolation/noise.ts'
import { VirtualClock } from '../../fixtures/virtual-clock.ts'
import { alice, createScene } from './scene.ts'

function createRecorder() {
  const lines: string[] = []
  const log =
    (level: string): LogMethod =>
    (fields, message) => {
      const { stream, line } = fields as { stream?: string; line?: string }
      lines.push(line === undefined ? `${level}: ${message} ${JSON.stringify(fields)}` : `${level} ${stream}: ${line}`)
    }
  const logger = { trace: log('trace'), debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') }
  return { lines, logger }
}

function createNoise() {
  const clock = new VirtualClock()
  const { lines, logger } = createRecorder()
  const noise = new Noise(clock, logger)
  return { clock, lines, noise, stderr: noise.reader('stderr'), stdout: noise.reader('stdout') }
}

describe('what an isolated child writes to its own streams', () => {
  it('is logged line by line, in whatever pieces it comes', () => {
    const { lines, stderr, stdout } = createNoise()
    stderr('Loaded ')
    stdout('one\ntw')
    stderr("'steamclient.so' OK.\r\n\n")
    stdout('o\n')
    assert.deepEqual(lines, ['debug stdout: one', "debug stderr: Loaded 'steamclient.so' OK.", 'debug stdout: two'])
  })

  it('is a warning where it speaks of a failure', () => {
    const { lines, stderr } = createNoise()
    stderr('dlopen failed trying to load: x\n[S_API FAIL] y\nCaching Steam ID\n')
    assert.deepEqual(
      lines.map((line) => line.split(' ')[0]),
      ['warn', 'warn', 'debug'],
    )
  })

  const ticket = Buffer.from(Array.from({ length: 234 }, (_, index) => (index * 37 + 11) % 256))
  for (const [form, text] of Object.entries({
    hex: ticket.toString('hex'),
    'upper-case hex': ticket.toString('hex').toUpperCase(),
    'hex with a prefix': `0x${ticket.toString('hex')}`,
    base64url: ticket.toString('base64url'),
    'decimal bytes': `[${[...ticket].join(', ')}]`,
    'a hex dump': [...ticket].map((byte) => byte.toString(16).padStart(2, '0')).join(' '),
    'a login token': '0123456789ABCDEF0123456789ABCDEF',
  })) {
    it(`shows no ticket and no token: ${form}`, () => {
      const { lines, noise, stderr } = createNoise()
      stderr(`panic: ${text} end\n`)
      assert.equal(lines.length, 1)
      for (const line of [...lines, ...noise.lastLines]) {
        assert.match(line, /panic: \[?<.*> ?\]?/)
        // No eight bytes of it in a row, in no form.
        for (let index = 0; index + 8 <= text.length; index++) {
          assert.ok(!line.includes(text.slice(index, index + 8)), line)
        }
      }
    })
  }

  it('keeps SteamIDs, paths and numbers', () => {
    const { lines, stderr } = createNoise()
    const line = 'SteamID 90071992547409920 /home/steam/.steam/sdk64/steamclient.so port 27015 AppID = 480'
    stderr(`${line}\n`)
    assert.deepEqual(lines, [`debug stderr: ${line}`])
  })

  it('is cut: long lines, control characters, lines without an end', () => {
    const { lines, stderr } = createNoise()
    stderr('word '.repeat(10_000))
    stderr('\nred \u001b[31m\u0000\u202etext\n')
    assert.equal(lines.length, 2)
    assert.equal(lines[0]?.length, 'debug stderr: '.length + 400)
    assert.equal(lines[1], 'debug stderr: red  [31m text')
  })

  it('is bounded in rate, and what was left out is counted', () => {
    const { clock, lines, stderr } = createNoise()
    for (let count = 0; count < 1_000; count++) stderr(`line ${count}\n`)
    assert.equal(lines.length, 50)
    clock.advance(10_000)
    stderr('again\n')
    assert.deepEqual(lines.slice(50), [
      'debug: lines of the isolated game server were left out {"lines":950}',
      'debug stderr: again',
    ])
  })

  it('is remembered for the error: the last five lines of stderr', () => {
    const { noise, stderr, stdout } = createNoise()
    for (let count = 0; count < 9; count++) stderr(`line ${count}\n`)
    stdout('no\n')
    assert.deepEqual(noise.lastLines, ['line 4', 'line 5', 'line 6', 'line 7', 'line 8'])
  })

  it('comes from both streams of a real child', async () => {
    const { lines, logger } = createRecorder()
    await using scene = await createScene({ options: { logger } })
    await scene.begin(alice, 'say hello from native code')
    while (lines.length < 2) await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual(lines.sort(), ['debug stderr: hello from native code', 'debug stdout: hello from native code'])
  })

  it('is in the error to its last line, though a crash left that without an end', async () => {
    await using scene = await createScene()
    const error = await scene.begin(alice, 'crash words SIGSEGV').catch((reason: BackendError) => reason)
    assert.ok(error instanceof BackendError)
    const { libraryMessage } = error.cause as GameServerError
    assert.equal(libraryMessage, 'the first word\nthe last word')
  })

  it('is read without a logger too, so that the child never waits for a reader', async () => {
    await using scene = await createScene()
    const text = 'x '.repeat(20_000)
    for (let count = 0; count < 10; count++) await scene.begin(alice, `say ${text}`)
  })
})
