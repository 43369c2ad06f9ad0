import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createGate, type GateOptions, gateDefaults } from '@ticketgate/core'
import { createSimulatedSteam } from '@ticketgate/simulator'

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

/** The comment before each property. */
function readComments(source: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const match of source.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*readonly (\w+)\??:/g)) {
    found.set(match[2]!, match[1]!.replace(/\s*\n\s*\*\s*/g, ' '))
  }
  return found
}

const optionsFile = new URL('../../packages/core/src/gate/options.ts', import.meta.url)

describe('the documented ranges of a gate', () => {
  const numbers = Object.entries(gateDefaults).filter(([, value]) => typeof value === 'number')
  const wrong: [string, Partial<GateOptions>][] = [
    ...numbers.map(([name]): [string, Partial<GateOptions>] => [name, { [name]: -1 }]),
    ['limit', { attemptsPerAddress: { limit: -1, windowMs: 60_000 } }],
    ['windowMs', { attemptsPerAddress: { limit: 60, windowMs: -1 } }],
    ['maxAgeMs', { identity: { name: 'game', secret: 'x'.repeat(16), maxAgeMs: -1 } }],
  ]
  for (const [name, options] of wrong) {
    it(`are those in code for "${name}"`, async () => {
      const backend = createSimulatedSteam().gameServer()
      let message = ''
      try {
        createGate({ backend, identity: 'my-game', ...options })
      } catch (error) {
        ;({ message } = error as RangeError)
      }
      const [, least, most] = /an integer from (\d+) to (\d+), got -1$/.exec(message) ?? []
      const range = `${Number(least).toLocaleString('en')} to ${Number(most).toLocaleString('en')}`
      const comment = readComments(await readFile(optionsFile, 'utf8')).get(name) ?? ''
      assert.ok(comment.toLowerCase().includes(range), `"${name}" must say ${range}: ${comment}`)
      if (/Ms$/.test(name)) assert.match(comment, /in milliseconds/i)
    })
  }
})

describe('the documented defaults of a gate', () => {
  it('equal those in code', async () => {
    const source = await readFile(optionsFile, 'utf8')
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
