import { lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findProcessStart, isProcessAlive } from './process-life.ts'

const prefix = 'ticketgate-steam-'

/** Who made a folder. */
interface Owner {
  readonly pid: number
  readonly processStart: string
  /** Where that pid means something: this start of this machine, and this container. */
  readonly pids: string
}

/** Makes a folder of one's own, and removes those whose processes were killed before they could. */
export function makeOwnFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), prefix))
  try {
    const owner: Owner = { pid: process.pid, processStart: findProcessStart(process.pid) ?? '', pids: findPids() }
    writeFileSync(join(folder, 'owner'), JSON.stringify(owner))
    for (const name of readdirSync(tmpdir())) {
      if (name.startsWith(prefix)) removeIfAbandoned(join(tmpdir(), name), owner.pids)
    }
  } catch {
    // A full disk, or a system that tells nothing: what others left behind is no reason to fail.
  }
  return folder
}

/** In doubt it stays: another user's, another container's, one that is being made just now. */
function removeIfAbandoned(folder: string, here: string): void {
  try {
    if (lstatSync(folder).uid !== process.getuid?.()) return
    const { pid, processStart, pids } = JSON.parse(readFileSync(join(folder, 'owner'), 'utf8')) as Owner
    if (pids === here && !isProcessAlive(pid, processStart)) rmSync(folder, { recursive: true, force: true })
  } catch {
    // It does not say whose it is.
  }
}

function findPids(): string {
  return `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()} ${readlinkSync('/proc/self/ns/pid')}`
}
