import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { type Code, codes, type Fault } from '@ticketgate/core'

const faults: Record<Fault, string> = {
  player: "the player's side",
  developer: "the game's code",
  operator: "the server's operator",
  steam: 'Steam',
}

describe('docs/errors.md', () => {
  let page: string

  before(async () => {
    page = await readFile(new URL('../../docs/errors.md', import.meta.url), 'utf8')
  })

  it('has exactly one heading for every code of the table', () => {
    const headings = [...page.matchAll(/^### ([a-z][a-z-]+)$/gm)].map((match) => match[1])
    assert.deepEqual([...headings].sort(), Object.keys(codes).sort())
  })

  it('states close code, HTTP status, retryability and fault as the table has them', () => {
    for (const code of Object.keys(codes) as Code[]) {
      const { closeCode, httpStatus, retryable, fault } = codes[code]
      const line = `### ${code}\n\nClose code ${closeCode}, HTTP ${httpStatus}, ${
        retryable ? 'retryable' : 'not retryable'
      }; it is up to ${faults[fault]}.`
      assert.ok(page.includes(line), `docs/errors.md disagrees about ${code}`)
    }
  })

  it('has a heading for every code of a thrown error', async () => {
    const source = await readFile(new URL('../../packages/core/src/codes/errors.ts', import.meta.url), 'utf8')
    const thrown = new Set(source.match(/ERR_[A-Z_]+/g))
    const headings = [...page.matchAll(/^### (ERR_[A-Z_]+)$/gm)].map((match) => match[1])
    assert.deepEqual([...headings].sort(), [...thrown].sort())
  })
})
