import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { type Event, type State, transitions } from '@ticketgate/core'

/** The table under "States", as state → event → cell. */
async function readTable(): Promise<Map<string, Map<string, string>>> {
  const page = await readFile(new URL('../../docs/protocol.md', import.meta.url), 'utf8')
  const rows = page
    .slice(page.indexOf('## States'))
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
  const [, ...states] = rows[0] ?? []
  const table = new Map(states.map((state) => [state, new Map<string, string>()]))
  for (const [event = '', ...cells] of rows.slice(1)) {
    for (const [index, cell] of cells.entries()) {
      table.get(states[index] ?? '')?.set(event.replaceAll('`', ''), cell)
    }
  }
  return table
}

describe('the state table of docs/protocol.md', () => {
  it('has the cells of the table in code, and no others', async () => {
    const documented = await readTable()
    assert.deepEqual([...documented.keys(), 'ended'].sort(), Object.keys(transitions).sort())
    for (const [state, cells] of documented) {
      const row = transitions[state as State]
      assert.ok(Object.keys(row).every((event) => cells.has(event)))
      for (const [event, cell] of cells) {
        const found = row[event as Event]
        assert.equal(
          cell,
          found === undefined ? '–' : `**${found.to}**: ${found.effects.join(', ')}`,
          `${state}, ${event}`,
        )
      }
    }
  })
})
