import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'

// A bench is one file that is started again in other roles: once a variant as a server, once as the load,
// once as the verifier. The roles answer questions of the process that started them, over Node's IPC.

/** The answers a role can give, by name. */
export type Answers = Readonly<Record<string, (params: never) => unknown>>

/** A process in some role. */
export interface Role {
  readonly name: string
  ask<Answer>(question: string, params?: unknown): Promise<Answer>
  end(): Promise<void>
}

export interface RoleOptions {
  /** For messages, and `process.argv[3]` of the role. */
  readonly name: string
  /** `import.meta.url` of the file to start. */
  readonly url: string
  /** The CPU to stay on, where `taskset` exists and the machine has it. */
  readonly core: number
  readonly nodeOptions?: readonly string[]
}

/** The CPU of servers, and the one of everything that servers are measured with. */
export const serverCore = 0
export const loadCore = 1

const isPinnable = availableParallelism() > 1 && spawnSync('taskset', ['-V']).status === 0

/** What was done against the scheduler, for the head of a report. */
export const pinning = isPinnable ? 'server on core 0, load and verifier on core 1' : 'not pinned to cores'

/** The role this process was started in, `undefined` in the one that a person started. */
export function roleName(): string | undefined {
  return process.argv[2] === '--role' ? process.argv[3] : undefined
}

/** Starts this or another file in a role. */
export function startRole(options: RoleOptions): Role {
  const node = [
    process.execPath,
    '--conditions=@ticketgate/source',
    '--expose-gc',
    '--disable-warning=ExperimentalWarning',
    ...(options.nodeOptions ?? []),
    fileURLToPath(options.url),
    '--role',
    options.name,
  ]
  const command = isPinnable ? ['taskset', '-c', String(options.core), ...node] : node
  const child = spawn(command[0]!, command.slice(1), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  return new ChildRole(options.name, child)
}

class ChildRole implements Role {
  readonly name: string
  readonly #child: ChildProcess
  readonly #ended: Promise<void>
  readonly #waiting = new Map<number, { resolve: (answer: never) => void; reject: (error: Error) => void }>()
  #questions = 0

  constructor(name: string, child: ChildProcess) {
    this.name = name
    this.#child = child
    this.#ended = new Promise((resolve) => {
      child.once('exit', (code) => {
        for (const { reject } of this.#waiting.values()) reject(new Error(`"${name}" ended with exit code ${code}`))
        this.#waiting.clear()
        resolve()
      })
    })
    child.on('message', (message) => {
      const { id, answer, error } = message as { id: number; answer?: unknown; error?: string }
      const waiting = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (error === undefined) waiting?.resolve(answer as never)
      else waiting?.reject(new Error(`"${name}": ${error}`))
    })
  }

  ask<Answer>(question: string, params?: unknown): Promise<Answer> {
    this.#questions++
    const id = this.#questions
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#child.send({ id, question, params }, (error) => {
        if (error !== null) reject(error)
      })
    })
  }

  async end(): Promise<void> {
    // Without its channel a role ends by itself; see `answer`.
    if (this.#child.connected) this.#child.disconnect()
    const late = setTimeout(() => this.#child.kill(), 2_000)
    await this.#ended
    clearTimeout(late)
  }
}

/** Makes this process answer until whoever started it is gone. */
export function answer(answers: Answers): void {
  process.on('message', (message) => {
    const { id, question, params } = message as { id: number; question: string; params: never }
    void reply(id, async () => {
      const found = answers[question]
      if (found === undefined) throw new Error(`no answer to "${question}"`)
      return await found(params)
    })
  })
  process.once('disconnect', () => process.exit(0))
}

async function reply(id: number, find: () => Promise<unknown>): Promise<void> {
  try {
    process.send!({ id, answer: await find() })
  } catch (error) {
    process.send!({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  }
}

/** Questions that every role answers: what it has used so far, and what it holds. */
export const usageAnswers = {
  pid: (): number => process.pid,
  /** Processor time of all threads since the start, in microseconds. */
  cpuUs: (): number => {
    const { user, system } = process.cpuUsage()
    return user + system
  },
  /** Bytes in use after a full collection. */
  heapUsed: async (): Promise<number> => {
    // Twice, with the event loop in between: closed handles are let go in a later turn.
    for (let round = 0; round < 3; round++) {
      globalThis.gc!()
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    return process.memoryUsage().heapUsed
  },
} satisfies Answers
