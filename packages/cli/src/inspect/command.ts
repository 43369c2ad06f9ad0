import { simulatorPublicKey } from '@ticketgate/simulator'
import { inspectTicket } from '@ticketgate/steam'
import { type Command, Option } from 'commander'
import { createPaint, exitCodes, type Io, widthOf } from '../io.ts'
import { collectAppId } from '../parse-options.ts'
import { readTicket } from './read-ticket.ts'
import { describeTicket, toJson } from './report.ts'

interface InspectOptions {
  readonly app?: readonly number[]
  readonly for?: 'webapi' | 'native'
  readonly simulated?: boolean
  readonly json?: boolean
  readonly color: boolean
}

/** `ticketgate inspect` */
export function inspectCommand(program: Command, io: Io, setExitCode: (code: number) => void): void {
  program
    .command('inspect')
    .summary('say everything that a ticket says of itself, and what is wrong with it')
    .description(
      'Says what a Steam ticket says of itself, whether Steam signed it, and everything that is wrong with it.\n' +
        'Reads nothing but the ticket: nobody is asked, and the ticket is never printed, only its fingerprint.',
    )
    .argument(
      '[ticket]',
      'the ticket in hex, base64 or base64url; a file that holds it (text or bytes); - or nothing for stdin',
    )
    .option('--app <id>', 'an app whose tickets are wanted; may be given several times', collectAppId)
    .addOption(
      new Option('--for <verifier>', 'who will verify it: the Web API, or a game server by native calls').choices([
        'webapi',
        'native',
      ]),
    )
    .option('--simulated', "hold the signature against the simulator's key instead of Steam's")
    .option('--json', 'print JSON')
    .option('--no-color', 'print without colours')
    .addHelpText(
      'after',
      '\nExit codes: 0 the ticket is fine; 1 it has problems, all of them printed; 2 wrong use, nothing to read.',
    )
    .action(async (argument: string | undefined, options: InspectOptions) => {
      const ticket = inspectTicket(await readTicket(argument, io.stdin), {
        verifier: options.for,
        appIds: options.app,
        dangerouslyTrustKey: options.simulated ? simulatorPublicKey : undefined,
      })
      const report = options.json
        ? JSON.stringify(toJson(ticket), undefined, 2)
        : describeTicket(ticket, {
            paint: createPaint(io.stdout, options.color),
            width: widthOf(io.stdout),
            signer: options.simulated ? 'the simulator' : 'Steam',
            nowMs: Date.now(),
          })
      io.stdout.write(`${report}\n`)
      setExitCode(ticket.problems.length === 0 ? exitCodes.fine : exitCodes.problems)
    })
}
