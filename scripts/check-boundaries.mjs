// `node scripts/check-boundaries.mjs [repository]`
//
// Every arrow points to core. npm links all workspaces into one node_modules, so neither the compiler nor
// Node notices an import that a package does not declare; its users would. Checked here, over packages/*:
//
// - what src imports is declared in dependencies or peerDependencies, and what is declared is imported
// - core declares nothing, so imports nothing, and no `node:` module either
// - only the command line (`ticketgate`) may use other packages of ours than core
// - relative imports stay inside src; a package does not import itself by name
// - what the entries for pages load (`./client` and those named below) imports no `node:` module: it runs in browsers

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { init, parse } from 'es-module-lexer'
import { root } from './project.mjs'

const core = '@ticketgate/core'
const mayUseAll = new Set(['ticketgate'])
const pageEntries = ['./client', './steamworks', './bridge', './electron-preload', './electron-renderer']

const repository = resolve(process.argv[2] ?? root)
const packages = join(repository, 'packages')

await init()
for (const name of readdirSync(packages)) {
  if (!existsSync(join(packages, name, 'package.json'))) continue
  for (const { file, problem } of checkPackage(join(packages, name))) {
    console.log(`${relative(repository, file)}: ${problem}`)
    process.exitCode = 1
  }
}

function checkPackage(folder) {
  const manifestFile = join(folder, 'package.json')
  const manifest = JSON.parse(readFileSync(manifestFile, 'utf8'))
  const declared = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })
  const src = join(folder, 'src')
  const files = readdirSync(src, { recursive: true })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(src, file))
  const importsOf = new Map(files.map((file) => [file, readImports(file)]))
  const violations = []

  for (const name of declared) {
    if (manifest.name === core) {
      violations.push({ file: manifestFile, problem: `core declares no dependency, but ${name}` })
    } else if (isOurs(name) && name !== core && !mayUseAll.has(manifest.name)) {
      violations.push({
        file: manifestFile,
        problem: `imports sideways: of our packages only ${core}, not ${name}`,
      })
    }
    const quoted = new RegExp(`['"]${RegExp.escape(name)}['"/]`)
    if (!files.some((file) => quoted.test(readFileSync(file, 'utf8')))) {
      violations.push({ file: manifestFile, problem: `declares ${name}, which src does not import` })
    }
  }

  for (const [file, imports] of importsOf) {
    for (const specifier of imports) {
      const problem = problemOf(specifier, { file, src, manifest, declared })
      if (problem) violations.push({ file, problem })
    }
  }

  for (const entry of pageEntries) {
    const source = manifest.exports?.[entry]?.['@ticketgate/source']
    if (!source || manifest.name === core) continue // core's are reported above
    for (const file of reachableFrom(join(folder, source), importsOf)) {
      for (const specifier of importsOf.get(file).filter(isBuiltin)) {
        violations.push({
          file,
          problem: `imports ${specifier}, and ${entry}, which browsers load, reaches it`,
        })
      }
    }
  }
  return violations
}

function problemOf(specifier, { file, src, manifest, declared }) {
  if (specifier === undefined) return 'imports a computed name, which cannot be checked'
  if (specifier.startsWith('.')) {
    const target = resolve(dirname(file), specifier)
    return target.startsWith(src + sep) ? undefined : `imports ${specifier}, outside its own src`
  }
  if (isBuiltin(specifier)) return manifest.name === core ? `core imports ${specifier}` : undefined
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
  if (name === manifest.name) return `imports its own package as ${specifier}; use a relative path`
  return declared.includes(name) ? undefined : `imports ${name}, which package.json does not declare`
}

/** The files that `entry` loads through relative imports, itself included. */
function reachableFrom(entry, importsOf) {
  const reached = new Set()
  const visit = (file) => {
    if (reached.has(file) || !importsOf.has(file)) return
    reached.add(file)
    for (const specifier of importsOf.get(file)) {
      if (specifier?.startsWith('.')) visit(resolve(dirname(file), specifier))
    }
  }
  visit(entry)
  return reached
}

/** The specifiers of all imports in a file, of types too; undefined for a computed one. */
function readImports(file) {
  const [imports] = parse(readFileSync(file, 'utf8'), file)
  return imports.filter(({ type }) => type !== 'import-meta').map(({ specifier }) => specifier)
}

function isOurs(name) {
  return name === 'ticketgate' || name.startsWith('@ticketgate/')
}
