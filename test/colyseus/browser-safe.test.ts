import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { init, parse } from 'es-module-lexer'

const entry = new URL('../../packages/colyseus/src/client.ts', import.meta.url)

describe('the client half for Colyseus', () => {
  before(() => init)

  it('loads nothing but the client half of core, and uses nothing of Node', () => {
    const files = new Set<string>()
    const outside = new Set<string>()
    const queue = [entry]
    for (let url = queue.pop(); url !== undefined; url = queue.pop()) {
      if (files.has(url.href)) continue
      files.add(url.href)
      const source = readFileSync(fileURLToPath(url), 'utf8')
      assert.doesNotMatch(source, /\bBuffer\b|[^.\w]process\.\w/, url.href)
      for (const found of parse(source)[0]) {
        const { specifier } = found
        // What only names types is gone before a browser sees it.
        if (typeof specifier !== 'string' || ('typeOnly' in found && found.typeOnly)) continue
        if (specifier.startsWith('.')) queue.push(new URL(specifier, url))
        else outside.add(specifier)
      }
    }
    assert.ok(files.size > 3)
    assert.deepEqual([...outside], ['@ticketgate/core/client'])
  })
})
