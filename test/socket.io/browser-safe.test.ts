import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { init, parse } from 'es-module-lexer'

const entry = new URL('../../packages/socket.io/src/client.ts', import.meta.url)

/** Every module that the client half loads from its own package, and what else it asks for. */
function trace(): { readonly files: string[]; readonly outside: string[] } {
  const files = new Set<string>()
  const outside = new Set<string>()
  const queue = [entry]
  for (let url = queue.pop(); url !== undefined; url = queue.pop()) {
    if (files.has(url.href)) continue
    files.add(url.href)
    for (const found of parse(readFileSync(url, 'utf8'))[0]) {
      // What only names types is gone before a browser sees it.
      const { specifier } = found
      if (typeof specifier !== 'string' || ('typeOnly' in found && found.typeOnly)) continue
      if (specifier.startsWith('.')) queue.push(new URL(specifier, url))
      else outside.add(specifier)
    }
  }
  return { files: [...files].map((file) => fileURLToPath(file)), outside: [...outside] }
}

describe("socket.io's client half in a browser", () => {
  before(() => init)

  it('loads nothing but the client half of core, not even socket.io-client', () => {
    const { files, outside } = trace()
    assert.deepEqual(outside, ['@ticketgate/core/client'])
    assert.ok(files.length > 5)
  })

  it('does not use what only Node has', () => {
    for (const file of trace().files) {
      assert.doesNotMatch(readFileSync(file, 'utf8'), /\bBuffer\b|\bprocess\.|from 'node:|from 'socket\.io'/, file)
    }
  })
})
