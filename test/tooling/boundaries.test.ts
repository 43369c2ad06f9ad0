import assert from 'node:assert/strict'
import { createFolder } from '../support/folder.ts'
import { runNode } from '../support/run.ts'

const core = { 'packages/core/package.json': '{ "name": "@ticketgate/core" }' }

const leaf = (manifest: object) => JSON.stringify({ name: '@ticketgate/leaf', ...manifest })

const violations: [title: string, files: Record<string, string>, message: RegExp][] = [
  [
    'an import that package.json does not declare',
    { 'packages/leaf/package.json': leaf({}), 'packages/leaf/src/index.ts': `import 'undici'` },
    /^packages\/leaf\/src\/index\.ts: imports undici, which package\.json does not declare$/m,
  ],
  [
    'an import of types alone from a package that is only a devDependency',
    {
      'packages/leaf/package.json': leaf({ devDependencies: { ws: '8' } }),
      'packages/leaf/src/index.ts': `import type { WebSocket } from 'ws'\nexport type { WebSocket }`,
    },
    /imports ws, which package\.json does not declare/,
  ],
  [
    'a dynamic import that is not declared',
    { 'packages/leaf/package.json': leaf({}), 'packages/leaf/src/index.ts': `await import('koffi')` },
    /imports koffi, which/,
  ],
  [
    'an import whose name is computed',
    { 'packages/leaf/package.json': leaf({}), 'packages/leaf/src/index.ts': `await import('./' + name)` },
    /imports a computed name/,
  ],
  [
    'a declared package that is never imported',
    {
      'packages/leaf/package.json': leaf({ dependencies: { undici: '8' } }),
      'packages/leaf/src/index.ts': 'export {}',
    },
    /declares undici, which src does not import/,
  ],
  [
    'a leaf that declares another leaf',
    {
      'packages/leaf/package.json': leaf({ peerDependencies: { '@ticketgate/ws': '1' } }),
      'packages/leaf/src/index.ts': `import '@ticketgate/ws'`,
    },
    /imports sideways: of our packages only @ticketgate\/core, not @ticketgate\/ws/,
  ],
  [
    'a relative import that leaves the package',
    {
      'packages/leaf/package.json': leaf({}),
      'packages/leaf/src/index.ts': `export * from '../../core/src/index.ts'`,
    },
    /imports \.\.\/\.\.\/core\/src\/index\.ts, outside its own src/,
  ],
  [
    'an import of the package itself by name',
    { 'packages/leaf/package.json': leaf({}), 'packages/leaf/src/index.ts': `import '@ticketgate/leaf/sub'` },
    /imports its own package as @ticketgate\/leaf\/sub/,
  ],
  [
    'a node: module in core',
    { ...core, 'packages/core/src/gate/gate.ts': `import { createHash } from 'node:crypto'` },
    /^packages\/core\/src\/gate\/gate\.ts: core imports node:crypto$/m,
  ],
  [
    'a dependency of core',
    {
      'packages/core/package.json': '{ "name": "@ticketgate/core", "dependencies": { "ws": "8" } }',
      'packages/core/src/index.ts': `import 'ws'`,
    },
    /core declares no dependency, but ws/,
  ],
  [
    'a node: module behind a client entry',
    {
      'packages/leaf/package.json': leaf({
        exports: { './client': { '@ticketgate/source': './src/client.ts' } },
      }),
      'packages/leaf/src/client.ts': `export * from './shared/encode.ts'`,
      'packages/leaf/src/shared/encode.ts': `import 'node:buffer'`,
    },
    /shared\/encode\.ts: imports node:buffer, and \.\/client, which browsers load, reaches it/,
  ],

  [
    'a node: module behind an entry for pages in Electron',
    {
      'packages/leaf/package.json': leaf({
        exports: { './electron-renderer': { '@ticketgate/source': './src/page.ts' } },
      }),
      'packages/leaf/src/page.ts': `export * from './shared/encode.ts'`,
      'packages/leaf/src/shared/encode.ts': `import 'node:buffer'`,
    },
    /shared\/encode\.ts: imports node:buffer, and \.\/electron-renderer, which browsers load, reaches it/,
  ],
]

describe('the boundary check', () => {
  for (const [title, files, message] of violations) {
    it(`reports ${title}`, () => {
      const { code, output } = checkBoundaries(files)
      assert.match(output, message)
      assert.equal(code, 1)
    })
  }

  it('accepts declared imports, node: modules outside core, and imports that stand only in comments', () => {
    const { code, output } = checkBoundaries({
      ...core,
      'packages/core/src/index.ts': `/** @example import 'ws' */\nexport * from './gate.ts'`,
      'packages/core/src/gate.ts': `export const text = "import 'ws'"`,
      'packages/leaf/package.json': leaf({ peerDependencies: { '@ticketgate/core': '1', ws: '8' } }),
      'packages/leaf/src/index.ts': `import 'node:http'\nimport '@ticketgate/core/client'\nimport type {} from 'ws'`,
      'packages/leaf/src/client.ts': `import '@ticketgate/core/client'`,
    })
    assert.equal(output, '')
    assert.equal(code, 0)
  })
})

function checkBoundaries(files: Record<string, string>) {
  using folder = createFolder(files)
  return runNode(['scripts/check-boundaries.mjs', folder.path])
}
