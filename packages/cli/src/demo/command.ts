import { type Command, Option } from 'commander'
import { createPaint, exitCodes, type Io, widthOf } from '../io.ts'
import { explainListenError, isListenError } from '../listen-error.ts'
import { parsePort } from '../parse-options.ts'
import { createJsonLogger, type LogLevel, logLevels } from './json-logger.ts'
import { runDemo } from './run-demo.ts'
import { serveDemo } from './serve/serve-demo.ts'

/** Of the game server that stays up. */
const defaultPort = 8450

interface DemoOptions {
  readonly serve?: boolean
  readonly port?: number
  readonly log?: LogLevel
  readonly color: boolean
}

/** `ticketgate demo` */
export function demoCommand(program: Command, io: Io, setExitCode: (code: number) => void): void {
  program
    .command('demo')
    .summary('a game server, simulated Steam and players, on this machine')
    .description(
      'Starts simulated Steam, a ws game server behind a gate that asks it over HTTP, and players with real\n' +
        'tickets: good ones, stolen ones, broken ones; and shows what comes of each. Ends by itself.',
    )
    .option('--serve', 'keep the server up, for a page on which you join yourself; ends with Ctrl+C')
    .option(
      '--port <number>',
      `the game server's port; 0 for any free one (default: ${defaultPort} with --serve, else 0)`,
      parsePort,
    )
    .addOption(new Option('--log <level>', 'write the log of gate and backend to stderr').choices([...logLevels]))
    .option('--no-color', 'print without colours')
    .addHelpText('after', '\nExit codes: 0 all went as expected; 1 something did not; 2 wrong use.')
    .action(async ({ serve, port, log, color }: DemoOptions) => {
      const paint = createPaint(io.stdout, color)
      const settings = {
        paint,
        width: widthOf(io.stdout),
        out: io.stdout,
        ...(port !== undefined && { port }),
        ...(log !== undefined && { logger: createJsonLogger(io.stderr, log) }),
      }
      try {
        if (serve) setExitCode(await serveDemo({ ...settings, port: port ?? defaultPort }))
        else setExitCode((await runDemo(settings)).isAsExpected ? exitCodes.fine : exitCodes.problems)
      } catch (error) {
        if (!isListenError(error)) throw error
        const reason = explainListenError(error, '127.0.0.1', port ?? defaultPort)
        io.stderr.write(`${createPaint(io.stderr, color)('red', 'error:')} ${reason}\n`)
        setExitCode(exitCodes.problems)
      }
    })
}
