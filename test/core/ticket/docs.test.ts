import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { ticketLayout, ticketProblems } from '@ticketgate/core/ticket'

const page = readFileSync(new URL('../../../docs/tickets.md', import.meta.url), 'utf8')

describe('docs/tickets.md', () => {
  it('has a heading for every problem, in the order of the table, with its refusal and its help', () => {
    const headings = [...page.matchAll(/^#### (\S+)\n\nRefused as \[`(\S+)`\]\(errors\.md#(\S+)\)\. (.+)$/gm)]
    assert.deepEqual(
      headings.map(([, ...parts]) => parts),
      Object.values(ticketProblems).map(({ code, refusalCode, help }) => [code, refusalCode, refusalCode, help]),
    )
    assert.equal(page.match(/^#### /gm)?.length, headings.length)
  })

  it('puts every field where the layout has it', () => {
    const offsets = [...page.matchAll(/^\| (\d+) \| \d* ?\|/gm)].map(([, offset]) => Number(offset))
    assert.deepEqual(
      offsets,
      Object.values(ticketLayout.offsets).sort((a, b) => a - b),
    )
  })
})
