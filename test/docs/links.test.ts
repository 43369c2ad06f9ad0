// What documentation pages point to is there: relative links with their headings, paths in the repository,
// and import specifiers of our packages.

import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { readPages, readProse } from '../support/markdown.ts'
import { root } from '../support/run.ts'

const exported = readSpecifiers()

describe('the pages of the documentation', () => {
  for (const page of readPages()) {
    it(`${page.path} points only to what exists`, () => {
      const prose = readProse(page)
      const missing = [
        ...matches(prose, /\]\(([^)\s]+)\)/g).filter((link) => !linkExists(page.path, link)),
        ...matches(prose, /`((?:packages|test|docs|examples|bench|scripts|\.ci)\/[\w./-]+)`/g).filter(
          (path) => !existsSync(join(root, path)),
        ),
        ...matches(page.text, /(@ticketgate\/[a-z][a-z.]*(?:\/[a-z-]+)?)/g).filter((name) => !exported.has(name)),
      ]
      assert.deepEqual(missing, [])
    })
  }
})

function linkExists(from: string, link: string): boolean {
  if (/^[a-z]+:/.test(link)) return true
  const [path = '', anchor] = decodeURI(link).split('#')
  const target = path ? posix.join(dirname(from), path) : from
  if (!existsSync(join(root, target))) return false
  if (!anchor || !target.endsWith('.md')) return true
  const headings = matches(readFileSync(join(root, target), 'utf8'), /^#+ +(.*)$/gm)
  return headings.map(toAnchor).includes(anchor)
}

/** The anchor a code host gives to a heading. */
function toAnchor(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-')
}

/** Every specifier that may be imported from our packages, and the condition that shares their scope. */
function readSpecifiers(): Set<string> {
  const specifiers = readdirSync(join(root, 'packages')).flatMap((folder) => {
    const manifest = join(root, 'packages', folder, 'package.json')
    const { name, exports } = JSON.parse(readFileSync(manifest, 'utf8')) as { name: string; exports: object }
    return [name, ...Object.keys(exports).map((path) => posix.join(name, path))]
  })
  return new Set([...specifiers, '@ticketgate/source'])
}

function matches(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, found]) => found ?? '')
}
