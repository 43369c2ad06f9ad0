import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { demoCommand } from './demo/command.ts'
import { doctorCommand } from './doctor/command.ts'
import { inspectCommand } from './inspect/command.ts'
import { createPaint, exitCodes, type Io, UsageError } from './io.ts'
import { simulateCommand } from './simulate/command.ts'

/**
 * Runs the command line.
 *
 * @param args Without the program's name.
 * @returns the exit code; see docs/cli.md.
 */
export async function run(args: readonly string[], io: Io): Promise<number> {
  let exitCode: number = exitCodes.fine
  const program = new Command('ticketgate')
    .description("Checks Steam players' tickets at the door of Node game servers.")
    .version(readVersion())
    .showHelpAfterError('(run it with --help to see how)')
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(redact(text)),
    })
    .exitOverride()
  const setExitCode = (code: number): void => {
    exitCode = code
  }
  for (const add of [inspectCommand, doctorCommand, simulateCommand, demoCommand]) add(program, io, setExitCode)
  try {
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.fine : exitCodes.usage
    if (!(error instanceof UsageError)) throw error
    io.stderr.write(`${createPaint(io.stderr)('red', 'error:')} ${error.message}\n`)
    return exitCodes.usage
  }
  return exitCode
}

/** The parser quotes what it does not understand, and that may be a key, or a ticket in one piece or many. */
function redact(text: string): string {
  return text.replace(/( but got \d+): .*/s, '$1.\n').replace(/[^\s'"]{24,}/g, (word) => `<${word.length} characters>`)
}

function readVersion(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}
