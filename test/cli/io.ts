import { PassThrough, Readable } from 'node:stream'
import { run } from '../../packages/cli/src/program.ts'

/** Runs the command line in this process, with a stdin of its own and without a terminal. */
export async function runCli(
  args: readonly string[],
  { stdin = '', isTTY = false }: { stdin?: string | Uint8Array; isTTY?: boolean } = {},
): Promise<{ code: number; stdout: string; stderr: string; output: string }> {
  const out = collect()
  const err = collect()
  const input = Object.assign(Readable.from(isTTY ? [] : [Buffer.from(stdin)]), { isTTY })
  const code = await run(args, { stdin: input, stdout: out.stream, stderr: err.stream })
  return { code, stdout: out.text(), stderr: err.text(), output: out.text() + err.text() }
}

function collect() {
  const stream = new PassThrough()
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  return { stream, text: () => Buffer.concat(chunks).toString('utf8') }
}
