import { resolve } from 'node:path'
import type { Command } from 'commander'
import { createPaint, exitCodes, type Io, UsageError, widthOf } from '../io.ts'
import { parseAppId, parseInteger, parsePort } from '../parse-options.ts'
import type { Finding } from './finding.ts'
import { checkNative } from './native/native.ts'
import { describeFinding, describeSum, toJson } from './report.ts'
import { checkWebApi } from './web-api.ts'

interface DoctorOptions {
  readonly native?: boolean
  readonly app?: number
  readonly library?: string
  readonly steamClient?: string
  readonly port?: number
  readonly queryPort?: number
  readonly timeout?: number
  readonly offline?: boolean
  readonly json?: boolean
  readonly color: boolean
}

const defaultGamePort = 27_015
const defaultTimeoutSeconds = 30

/** `ticketgate doctor` */
export function doctorCommand(program: Command, io: Io, setExitCode: (code: number) => void): void {
  program
    .command('doctor')
    .allowExcessArguments(false)
    .summary('say what this machine lacks to verify tickets')
    .description(
      'Says what this machine lacks to verify tickets: with the Web API, or with --native as a game server by native\n' +
        'calls, which it then tries: it starts one, logs on and shuts it down. Keys and tokens come from the environment\n' +
        '(STEAM_PUBLISHER_KEY, STEAM_GAME_SERVER_TOKEN), because others can see arguments, and are never printed.',
    )
    .option('--native', 'check for the native game server instead of the Web API')
    .option('--app <id>', 'native: the app to serve (default: SteamAppId, steam_appid.txt)', parseAppId)
    .option('--library <path>', "native: Valve's libsteam_api (default: as createGameServer finds it)")
    .option('--steam-client <path>', "native: steamclient.so (default: as Steam's library finds it)")
    .option('--port <number>', `native: where players connect (default: ${defaultGamePort})`, parsePort)
    .option('--query-port <number>', 'native: where server browsers ask (default: none)', parsePort)
    .option(
      '--timeout <seconds>',
      `native: until Steam has accepted the logon (default: ${defaultTimeoutSeconds})`,
      parseInteger(1, 600),
    )
    .option('--offline', 'native: start nothing, ask nobody')
    .option('--json', 'print JSON')
    .option('--no-color', 'print without colours')
    .addHelpText('after', '\nExit codes: 0 nothing is missing; 1 something is, all of it printed; 2 wrong use.')
    .action(async (options: DoctorOptions) => {
      const findings = await examine(options, io)
      if (options.json) io.stdout.write(`${JSON.stringify(toJson(findings), undefined, 2)}\n`)
      else io.stdout.write(`\n${describeSum(findings, createPaint(io.stdout, options.color))}\n`)
      const isFine = findings.every(({ state }) => state !== 'missing')
      setExitCode(isFine ? exitCodes.fine : exitCodes.problems)
    })
}

const nativeOptions = ['app', 'library', 'steamClient', 'port', 'queryPort', 'timeout', 'offline'] as const

/** Prints each finding as it comes, unless the whole is to be JSON. */
async function examine(options: DoctorOptions, io: Io): Promise<Finding[]> {
  if (!options.native && nativeOptions.some((name) => options[name] !== undefined)) {
    throw new UsageError('Only --json and --no-color go without --native.')
  }
  const paint = createPaint(io.stdout, options.color)
  const findings: Finding[] = []
  for await (const finding of options.native ? native(options) : checkWebApi(process.env, Date.now())) {
    findings.push(finding)
    if (!options.json) io.stdout.write(`${describeFinding(finding, paint, widthOf(io.stdout))}\n`)
  }
  return findings
}

function native(options: DoctorOptions): AsyncIterable<Finding> {
  return checkNative({
    appId: options.app,
    libraryPath: options.library === undefined ? undefined : resolve(options.library),
    steamClientPath: options.steamClient === undefined ? undefined : resolve(options.steamClient),
    gamePort: options.port ?? defaultGamePort,
    queryPort: options.queryPort,
    logonTimeoutMs: (options.timeout ?? defaultTimeoutSeconds) * 1_000,
    isOffline: options.offline ?? false,
    environment: process.env,
    folder: process.cwd(),
  })
}
