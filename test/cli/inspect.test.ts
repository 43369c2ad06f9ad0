import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSimulatedSteam, malformedVariants, type SimulatedTicket } from '@ticketgate/simulator'
import { exampleTicketHex } from '../../packages/cli/src/demo/example-ticket.ts'
import { createFolder } from '../support/folder.ts'
import { root } from '../support/run.ts'
import { runCli } from './io.ts'

const fixture = readFileSync(join(root, 'test/fixtures/example-ticket.hex'), 'utf8').trim()

function mint(
  options: { variant?: (typeof malformedVariants)[number]['name']; kind?: 'session' } = {},
): SimulatedTicket {
  const steam = createSimulatedSteam({ apps: [480] })
  const account = steam.createAccount({ name: 'Ada' })
  steam.createAccount({ name: 'Bert' })
  return steam.mintTicket(account, options)
}

/** Asserts that no longer part of a text is repeated. */
function assertNotEchoed(output: string, secret: string) {
  for (let at = 0; at + 24 <= secret.length; at += 8) {
    assert.ok(!output.toLowerCase().includes(secret.slice(at, at + 24).toLowerCase()), `echoes ${at}`)
  }
}

describe('ticketgate inspect', () => {
  it('says who, which app, which kind, since when, and that Steam signed it', async () => {
    const { code, stdout, stderr } = await runCli(['inspect', exampleTicketHex])
    assert.equal(code, 1)
    assert.equal(stderr, '')
    for (const text of [
      '3d078b48af9c',
      '76561198024929255',
      'STEAM_1:1:32331763',
      '[U:1:64663527]',
      '578080',
      'session, made with GetAuthSessionTicket',
      'yes, by Steam',
      'Expired     2018-01-07 11:19:04 UTC',
      '1 problem',
      'expired',
    ]) {
      assert.ok(stdout.includes(text), `${text} is missing in\n${stdout}`)
    }
  })

  it('finds every problem with a session ticket of another app that a Web API server got', async () => {
    const { code, stdout } = await runCli(['inspect', exampleTicketHex, '--for', 'webapi', '--app', '480', '--json'])
    assert.equal(code, 1)
    const { problems } = JSON.parse(stdout) as { problems: { code: string; help: string }[] }
    assert.deepEqual(
      problems.map((problem) => problem.code),
      ['wrong-kind-session', 'wrong-app', 'expired'],
    )
    assert.ok(problems.every(({ help }) => help.length > 40))
  })

  it('ends with 0 for a ticket that is in order', async () => {
    const ticket = mint()
    const { code, stdout } = await runCli(['inspect', ticket.hex, '--simulated', '--app', '480', '--for', 'webapi'])
    assert.equal(code, 0, stdout)
    assert.match(stdout, /No problem found/)
  })

  it('holds tickets of the simulator against the key of Steam unless told otherwise', async () => {
    const { code, stdout } = await runCli(['inspect', mint().hex])
    assert.equal(code, 1)
    assert.match(stdout, /bad-signature/)
  })

  it('accepts one of several apps', async () => {
    const { code } = await runCli(['inspect', mint().hex, '--simulated', '--app', '10', '--app', '480'])
    assert.equal(code, 0)
  })

  it('takes the native side', async () => {
    const { code } = await runCli(['inspect', mint({ kind: 'session' }).hex, '--simulated', '--for', 'native'])
    assert.equal(code, 0)
  })

  it('names both players of a spliced ticket', async () => {
    const { stdout } = await runCli(['inspect', mint({ variant: 'spliced' }).hex, '--simulated'])
    const { issuerSteamId, ownershipSteamId } = JSON.parse(
      (await runCli(['inspect', mint({ variant: 'spliced' }).hex, '--simulated', '--json'])).stdout,
    ) as Record<string, string>
    assert.notEqual(issuerSteamId, ownershipSteamId)
    assert.ok(stdout.includes(String(issuerSteamId)) && stdout.includes(String(ownershipSteamId)), stdout)
  })

  describe('where the ticket comes from', () => {
    const { hex, data, base64url } = mint()
    const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(`${hex}\r\n`, 'utf16le')])
    const sources: [name: string, content: string | Uint8Array][] = [
      ['hex and a line break', `${hex}\n`],
      ['base64', `${Buffer.from(data).toString('base64')}\n`],
      ['base64url', base64url],
      ['the bytes themselves', data],
      ['UTF-8 with a mark in front', Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(hex)])],
      ['UTF-16, as Windows writes it', utf16],
      ['a whole buffer with zeros behind the ticket', Buffer.concat([data, Buffer.alloc(1_000)])],
    ]
    for (const [name, content] of sources) {
      it(`reads ${name} from stdin, asked for or not`, async () => {
        for (const args of [[], ['-']]) {
          const { code, output } = await runCli(['inspect', ...args, '--simulated'], { stdin: content })
          assert.equal(code, 0, output)
        }
      })

      it(`reads ${name} from a file`, async () => {
        using folder = createFolder({})
        const file = join(folder.path, 'ticket')
        const { writeFileSync } = await import('node:fs')
        writeFileSync(file, content)
        const { code, output } = await runCli(['inspect', file, '--simulated'])
        assert.equal(code, 0, output)
      })
    }
  })

  describe('never echoes the ticket', () => {
    const ticket = mint()
    const wrongUses: [name: string, args: string[], stdin?: string][] = [
      ['in its report', ['inspect', ticket.hex]],
      ['in JSON', ['inspect', ticket.hex, '--json']],
      ['as an unknown option', ['inspect', `--ticket=${ticket.hex}`]],
      ['as an app', ['inspect', '--app', ticket.hex]],
      ['as a verifier', ['inspect', '--for', ticket.base64url, ticket.hex]],
      ['as a second argument', ['inspect', ticket.hex, ticket.base64url]],
      ['as a command', [ticket.hex]],
      ['with a letter too many', ['inspect', `${ticket.hex}x`]],
      ['with a path in front', ['inspect', `/tmp/${ticket.hex}`]],
      ['cut to too little', ['inspect', ticket.hex.slice(0, 60)]],
      ['on stdin with junk', ['inspect', '-'], `ticket=${ticket.hex}`],
    ]
    for (const [name, args, stdin] of wrongUses) {
      it(name, async () => {
        const { output } = await runCli(args, stdin === undefined ? {} : { stdin })
        assert.ok(output.length > 0)
        assertNotEchoed(output, ticket.hex)
        assertNotEchoed(output, ticket.base64url)
      })
    }
  })

  it('repeats neither a ticket that the shell has split at its blanks, nor a key that is in a wrong place', async () => {
    const pieces = mint().hex.match(/.{1,8}/g)!
    const key = '0123456789ABCDEF0123456789ABCDEF'
    for (const args of [
      ['inspect', ...pieces],
      ['inspect', '--app', key],
      ['doctor', key],
      ['simulate', '--port', key],
    ]) {
      const { code, output } = await runCli(args)
      assert.equal(code, 2, output)
      for (const secret of [key, ...pieces.slice(1, -1)]) assert.ok(!output.includes(secret), output)
    }
  })

  describe('ends with 2 and a reason on stderr', () => {
    const cases: [name: string, args: string[], options: Parameters<typeof runCli>[1], reason: RegExp][] = [
      ['without a ticket, at a terminal', ['inspect'], { isTTY: true }, /Give a ticket/],
      ['for a file that is not there', ['inspect', 'ticket.bin'], {}, /no file of that name/],
      ['for nothing', ['inspect', ''], {}, /no file of that name/],
      ['for a folder', ['inspect', root], {}, /folder/],
      ['for endless input', ['inspect', '-'], { stdin: 'x'.repeat(70_000) }, /More than 65536 bytes/],
      ['for an endless file', ['inspect', '/dev/zero'], {}, /More than 65536 bytes/],
      ['for an app that is none', ['inspect', exampleTicketHex, '--app', '0'], {}, /app id/],
      ['for an unknown verifier', ['inspect', exampleTicketHex, '--for', 'steam'], {}, /webapi, native/],
      ['for an unknown option', ['inspect', '--nothing'], {}, /unknown option/],
    ]
    for (const [name, args, options, reason] of cases) {
      it(name, async () => {
        const { code, stdout, stderr } = await runCli(args, options)
        assert.equal(code, 2, stderr)
        assert.equal(stdout, '')
        assert.match(stderr, reason)
      })
    }
  })

  it('explains every malformed ticket of the simulator', async () => {
    for (const { name, problems } of malformedVariants) {
      const ticket = mint({ variant: name })
      const args = ['inspect', '-', '--simulated', '--app', '480', '--for', 'webapi', '--json']
      const { stdout } = await runCli(args, { stdin: ticket.text })
      const report = JSON.parse(stdout) as { problems: { code: string }[] }
      assert.equal(report.problems[0]?.code, problems.webapi, name)
    }
  })
})

describe("the example in the command line's own package", () => {
  it('is the ticket of the fixture', () => {
    assert.equal(exampleTicketHex, fixture)
  })
})
