// Every example starts, and does what it says.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../support/run.ts'
import { startProgram } from './child.ts'

const onSources = '--conditions=@ticketgate/source'

describe('examples/ws-minimal', () => {
  it('lets a player in who comes with a ticket', async () => {
    await using server = startProgram([onSources, 'examples/ws-minimal/server.ts'], { PORT: '0', STEAM_PORT: '0' })
    const [, gameUrl = ''] = await server.saw(/game server at (ws:\S+)/)
    const [, steamUrl = ''] = await server.saw(/simulated Steam at (http:\S+)/)
    await using client = startProgram([onSources, 'examples/ws-minimal/client.ts', gameUrl, steamUrl])
    assert.equal(await client.ended, 0, client.output)
    const [, steamId] = await client.saw(/in as (\d{17})/)
    await client.saw(new RegExp(`${steamId} says hello`))
    await server.saw(new RegExp(`${steamId} is gone`))
  })

  it('has a server of less than 40 lines', () => {
    const lines = readFileSync(join(root, 'examples/ws-minimal/server.ts'), 'utf8').trimEnd().split('\n')
    assert.ok(lines.length < 40, `${lines.length}`)
  })
})

describe('examples/custom-adapter', () => {
  it('has an adapter of less than 40 lines', () => {
    const lines = readFileSync(join(root, 'examples/custom-adapter/tcp-adapter.ts'), 'utf8').trimEnd().split('\n')
    assert.ok(lines.length < 40, `${lines.length}`)
  })
})
