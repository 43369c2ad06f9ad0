import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createFolder } from '../support/folder.ts'
import { root, runNode } from '../support/run.ts'

// The rules are young in Biome; a silent change of theirs would go unnoticed without this.
// Known gap: promises of Node's own modules (`readFile(path)`) are not recognised.
const source = `
import { createGate, later, on } from './library.ts'
import { fromPackage } from 'package'
async function local(): Promise<void> {}
export class Server {
  async stop(): Promise<void> {}
  restart(): void {
    this.stop() // floating
  }
}
export function run(): void {
  local() // floating
  later() // floating
  fromPackage() // floating
  createGate().close() // floating
  later().then(() => 1) // floating
  later().catch(() => 0)
  void later()
  on(async () => {}) // misused
  if (later()) on(() => {}) // misused
}
`

describe('the lint rules', () => {
  it('report every promise that is neither awaited nor handled', () => {
    using folder = createFolder({
      'biome.json': readFileSync(join(root, 'biome.json'), 'utf8'),
      'server.ts': source,
      'library.ts': `
        export declare function later(): Promise<number>
        export declare function on(handler: () => void): void
        export declare function createGate(): { close(): Promise<void> }
      `,
      'package.json': '{ "dependencies": { "package": "1" } }',
      // Workspaces find each other's declarations like this, which is why types are checked before lint.
      'node_modules/package/package.json': `{
        "name": "package",
        "exports": { ".": { "@ticketgate/source": "./src/index.ts", "types": "./dist/index.d.ts" } }
      }`,
      'node_modules/package/dist/index.d.ts': 'export declare function fromPackage(): Promise<void>',
    })
    const biome = join(root, 'node_modules/@biomejs/biome/bin/biome')
    const { stdout } = runNode([biome, 'lint', '--reporter=json', '--max-diagnostics=none', 'server.ts'], {
      cwd: folder.path,
    })
    const { diagnostics } = JSON.parse(stdout) as {
      diagnostics: { category: string; location: { start: { line: number } } }[]
    }
    const found = (rule: string) =>
      diagnostics.filter(({ category }) => category.endsWith(rule)).map(({ location }) => location.start.line)

    assert.deepEqual(found('/noFloatingPromises'), linesMarked('floating'))
    assert.deepEqual(found('/noMisusedPromises'), linesMarked('misused'))
  })
})

function linesMarked(mark: string): number[] {
  return source.split('\n').flatMap((line, index) => (line.endsWith(`// ${mark}`) ? [index + 1] : []))
}
