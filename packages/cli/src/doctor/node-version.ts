import { type Finding, fine, missing } from './finding.ts'

/** Holds this Node against the oldest one that serves, such as `22.12`. */
export function checkNode(least: string, version = process.versions.node): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [leastMajor = 0, leastMinor = 0] = least.split('.').map(Number)
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return fine('node', version)
  return missing('node', version, `Use Node ${least} or newer.`)
}
