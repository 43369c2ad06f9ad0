import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { init, parse } from 'es-module-lexer'

const source = new URL('../../packages/steam/src/', import.meta.url)

/** What an entry loads from outside its package; what only names types is gone before anybody loads it. */
function outsideOf(entry: string): string[] {
  const seen = new Set<string>()
  const outside = new Set<string>()
  const queue = [new URL(entry, source)]
  for (let url = queue.pop(); url !== undefined; url = queue.pop()) {
    if (seen.has(url.href)) continue
    seen.add(url.href)
    for (const found of parse(readFileSync(url, 'utf8'))[0]) {
      const { specifier } = found
      if (typeof specifier !== 'string' || ('typeOnly' in found && found.typeOnly)) continue
      if (specifier.startsWith('.')) queue.push(new URL(specifier, url))
      else outside.add(specifier)
    }
  }
  return [...outside].sort()
}

describe('the entries of @ticketgate/steam for players', () => {
  before(() => init)

  const entries: [string, string[]][] = [
    ['steamworks.ts', ['@ticketgate/core', '@ticketgate/core/client', '@ticketgate/core/ticket']],
    ['bridge.ts', ['@ticketgate/core', '@ticketgate/core/client']],
    ['electron-main.ts', ['@ticketgate/core', '@ticketgate/core/client']],
    ['electron-preload.ts', []],
    ['electron-renderer.ts', ['@ticketgate/core']],
  ]
  for (const [entry, expected] of entries) {
    it(`load core and no library, nothing of the Web API, nothing of Node: ${entry}`, () => {
      assert.deepEqual(outsideOf(entry), expected)
    })
  }
})
