import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'

const read = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8')

describe('docs/dedicated-server.md', () => {
  it('has exactly one heading for every reason of a GameServerError', async () => {
    const source = await read('packages/gameserver/src/errors.ts')
    const union = /type GameServerFaultReason =([\s\S]*?)\n\n/.exec(source)?.[1] ?? ''
    const reasons = [...union.matchAll(/\| '([a-z-]+)'/g)].map((match) => match[1])
    assert.ok(reasons.length > 10)
    const page = await read('docs/dedicated-server.md')
    const section = /## What stands in the way\n([\s\S]*?)\n## /.exec(page)?.[1] ?? ''
    const headings = [...section.matchAll(/^### (.+)$/gm)].map((match) => match[1])
    assert.deepEqual(headings.sort(), reasons.sort())
  })

  it('states the times and numbers that the code has', async () => {
    const [page, supervisor, reverification, main] = await Promise.all([
      read('docs/dedicated-server.md'),
      read('packages/gameserver/src/isolation/supervisor.ts'),
      read('packages/gameserver/src/isolation/reverification.ts'),
      read('packages/gameserver/src/isolation/child-main.ts'),
    ])
    const numberIn = (source: string, name: string): number => {
      const [, digits] = new RegExp(`\\b${name}(?: =|:|\\()\\s*([\\d_]+)`).exec(source) ?? []
      assert.ok(digits, name)
      return Number(digits.replaceAll('_', ''))
    }
    const text = page.replace(/\s+/g, ' ')
    assert.equal(numberIn(supervisor, 'maxDelayMs'), 30_000)
    for (const statement of [
      `after ${numberIn(supervisor, 'firstDelayMs')} ms, then twice as long each time, half a minute at most`,
      `an isolated child, ${numberIn(supervisor, 'closeMs') / 1000} seconds at most`,
      `after 15 to ${(numberIn(supervisor, 'pingMs') * 4) / 1000} seconds without an answer`,
      `${numberIn(reverification, 'perTurn')} every ${numberIn(reverification, 'turnMs')} ms`,
      `by the system within ${numberIn(main, 'startWatchdog')} seconds`,
    ]) {
      assert.ok(text.includes(statement), statement)
    }
    assert.equal(numberIn(supervisor, 'maxFruitlessStarts'), 10)
    assert.ok(text.includes('ten children in a row never got connected'))
  })
})
