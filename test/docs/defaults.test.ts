import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { gateDefaults } from '@ticketgate/core'

/** The first `@default` in the comment before each option, and the option's name. */
function readDocumentedDefaults(source: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const match of source.matchAll(/@default ([^\n*]+?)\s*\*?\/?\n(?:\s*\*\/\n)?\s*readonly (\w+)\?:/g)) {
    found.set(match[2]!, match[1]!.replace(/\s*\*\/$/, '').trim())
  }
  return found
}

function toText(value: unknown): string {
  if (typeof value === 'number') return String(value).replace(/\B(?=(\d{3})+$)/g, '_')
  if (typeof value === 'string') return `'${value}'`
  if (Array.isArray(value)) return value.length === 0 ? 'none' : `[${value.map(toText).join(', ')}]`
  if (typeof value === 'object' && value !== null && 'limit' in value && 'windowMs' in value) {
    return `${String(value.limit)} within ${Number(value.windowMs) / 1000} seconds`
  }
  return String(value)
}

describe('the documented defaults of a gate', () => {
  it('equal those in code', async () => {
    const source = await readFile(new URL('../../packages/core/src/gate/options.ts', import.meta.url), 'utf8')
    const documented = readDocumentedDefaults(source)
    const { bans, ...others } = gateDefaults
    const expected = new Map(Object.entries({ ...others, ...bans }))
    for (const [name, value] of expected) {
      if (name === 'policies') continue
      const text = documented.get(name)?.replace(/ \(one day\)$/, '')
      assert.equal(text, toText(value), `"${name}"`)
    }
  })
})
