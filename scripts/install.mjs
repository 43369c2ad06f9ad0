import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pinnedNode, root, runProgram } from './project.mjs'

/** Runs `npm ci` when what is installed is not what package-lock.json says. Throws when that fails. */
export async function ensureInstalled() {
  const reason = whyInstall()
  if (!reason) return
  console.log(`Installing dependencies with npm ci: ${reason}. This happens once per change of package-lock.json.`)
  // Without warnings: most are about tools that want a newer Node, which they get.
  const code = await runNpm(['ci', '--no-audit', '--no-fund', '--loglevel=error'])
  if (code !== 0) {
    throw new Error(
      `npm ci failed with exit code ${code}; its own message is above. Nothing was run. ` +
        'Usual causes: the registry cannot be reached, or a package.json was edited without `npm install`.',
    )
  }
  // `npm ci` succeeds without it when install scripts are switched off (`ignore-scripts`).
  if (!hasUsableNode()) {
    throw new Error(
      `The \`node\` package was installed without its binary, and this Node is ${process.version}: 24 or newer ` +
        'is needed. Allow npm to run install scripts (npm config delete ignore-scripts) or use Node 24.',
    )
  }
}

/**
 * Compares the lock file with the record npm keeps of what it put into node_modules. A stamp of our own
 * would also trigger after a plain `npm install`, which leaves nothing to do.
 */
function whyInstall() {
  const wanted = readPackages('package-lock.json')
  const present = readPackages('node_modules/.package-lock.json')
  if (!wanted) throw new Error('package-lock.json is missing or not JSON; run `npm install` to make one.')
  if (!present) return 'node_modules is missing or incomplete'
  if (!hasUsableNode()) return 'the pinned Node is missing'
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '') continue
    const found = present[path]
    // Binaries for other platforms are in the lock file and rightly not on the disk.
    if (!found && entry.optional) continue
    if (found?.version !== entry.version || found?.integrity !== entry.integrity) {
      return `${path} is ${found?.version ?? 'missing'}, package-lock.json wants ${entry.version ?? 'a link'}`
    }
  }
  return undefined
}

function hasUsableNode() {
  return pinnedNode() !== undefined || Number(process.versions.node.split('.')[0]) >= 24
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(join(root, file), 'utf8')).packages
  } catch {
    return undefined
  }
}

/** npm by the Node that npm itself was started with: `npm ci` deletes the pinned one while it runs. */
function runNpm(args) {
  const { npm_execpath: npmCli, npm_node_execpath: npmNode } = process.env
  if (npmCli && npmNode) return runProgram(npmNode, [npmCli, ...args])
  return runProgram('npm', args, { shell: process.platform === 'win32' })
}
