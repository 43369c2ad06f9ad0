import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { init, parse } from 'es-module-lexer'

const packages = new URL('../../packages/', import.meta.url)

/** Every module that an entry loads from its own package, and what else it asks for. */
function trace(entry: string): { readonly files: string[]; readonly outside: string[] } {
  const files = new Set<string>()
  const outside = new Set<string>()
  const queue = [new URL(entry, packages)]
  for (let url = queue.pop(); url !== undefined; url = queue.pop()) {
    if (files.has(url.href)) continue
    files.add(url.href)
    const source = readFileSync(url, 'utf8')
    for (const entry of parse(source)[0]) {
      // What only names types is gone before a browser sees it.
      const { specifier } = entry
      if (typeof specifier !== 'string' || ('typeOnly' in entry && entry.typeOnly)) continue
      if (specifier.startsWith('.')) queue.push(new URL(specifier, url))
      else outside.add(specifier)
    }
  }
  return { files: [...files].map((file) => fileURLToPath(file)), outside: [...outside] }
}

describe('the client halves', () => {
  before(() => init)

  it('load nothing from Node or npm', () => {
    assert.deepEqual(trace('core/src/client.ts').outside, [])
    const { files, outside } = trace('ws/src/client.ts')
    assert.deepEqual(outside, ['@ticketgate/core/client'])
    assert.ok(files.length > 3)
  })

  it('do not use what only Node has', () => {
    for (const file of [...trace('core/src/client.ts').files, ...trace('ws/src/client.ts').files]) {
      assert.doesNotMatch(
        readFileSync(file, 'utf8'),
        /\bBuffer\b|[^.\w]process\.(?!once|removeListener|getMax|setMax)\w/,
        file,
      )
    }
  })
})
