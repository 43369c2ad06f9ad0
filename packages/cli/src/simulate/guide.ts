import type { NativeSteam, SimulatedSteam, SimulatedWebApi } from '@ticketgate/simulator'
import type { Paint } from '../io.ts'
import type { Resident } from './accounts.ts'

/** What is needed to say how to use a simulated Steam. */
export interface GuideOptions {
  readonly webApi: SimulatedWebApi
  readonly native: NativeSteam | undefined
  readonly steam: SimulatedSteam
  readonly residents: readonly Resident[]
  readonly paint: Paint
}

/** The text that `ticketgate simulate` prints: accounts, and commands to copy that work as they stand. */
export function writeGuide({ webApi, native, steam, residents, paint }: GuideOptions): string {
  const { url, key } = webApi
  const appId = steam.appIds[0]
  const [ada, , vera] = residents.map(({ account }) => account.steamId)
  const post = (path: string, body?: object): string =>
    `curl -s -X POST $STEAM/simulator/${path}${body ? ` -d '${JSON.stringify(body)}'` : ''}`
  const title = (text: string): string => paint('bold', text)
  const note = (text: string): string => paint('dim', `# ${text}`)
  const trust = `dangerouslyTrustTicketKey: simulatorPublicKey,   ${paint('dim', "// from '@ticketgate/simulator'; never in production")}`
  // Whole lines, for they are pasted into other shells, and not every shell splits a variable at its blanks.
  function writeNativeGuide({ home, folder, journalPath }: NativeSteam): string {
    const simulated = `env HOME='${home}' TICKETGATE_SIMULATED_STEAM='${folder}'`
    return `${title('A native Steam client')}, for processes on this machine, in shells of their own

  ${note('a dedicated server, logged on through ISteamGameServer')}
  ${simulated} SteamAppId=${appId} node server.js

  ${note("Ada's game, with an unmodified steamworks.js")}
  ${simulated} TICKETGATE_SIMULATED_ACCOUNT=${ada} node game.js

  ${note('what they and Steam tell each other')}
  tail -f '${journalPath}'

  ${note('in server.js: without the last option it refuses simulated tickets (ticket-signature-invalid)')}
  createGameServer({
    appId: ${appId}, product: 'my-game', description: 'My game',
    ${trust}
  })

`
  }
  return `${title('Simulated Steam')} at ${paint('cyan', url)}, apps ${steam.appIds.join(', ')}, key ${paint('cyan', key)}

${title('Accounts')}
${residents.map(({ account, about }) => `  ${account.steamId}  ${account.name.padEnd(5)} ${about}`).join('\n')}

${title('Try it: these lines work as they stand')}
  STEAM=${url} KEY='${key}' ADA=${ada}

  ${note("Ada's Steam client makes a ticket for the server that calls itself my-game")}
  TICKET=$(${post('accounts/$ADA/tickets', { identity: 'my-game' })} | node -p 'JSON.parse(fs.readFileSync(0)).hex')

  ${note('what a game server asks')}
  curl -s -G $STEAM/ISteamUserAuth/AuthenticateUserTicket/v1/ -H "x-webapi-key: $KEY" \\
    -d appid=${appId} -d identity=my-game -d ticket=$TICKET

  ${note('what is in the ticket')}
  echo $TICKET | npx ticketgate inspect - --simulated --app ${appId} --for webapi

${title('Let things happen')}
  ${post('accounts/$ADA/vac-ban')}   ${note('also: unban, publisher-ban, go-offline, go-online, log-in-elsewhere')}
  ${post('accounts/$ADA/lose-license', { appId })}   ${note('and grant-license')}
  curl -s "$STEAM/ISteamUser/GetPlayerBans/v1/?steamids=$ADA,${vera}" -H "x-webapi-key: $KEY"
  ${post('faults', { kind: 'status', status: 503, times: 2 })}   ${note('the next 2 requests find Steam down')}
  curl -s -X DELETE $STEAM/simulator/faults
  ${post('accounts', { name: 'Zoe' })}   ${note('one more account')}
  ${post('accounts/$ADA/tickets', { variant: 'spliced' })}   ${note('a ticket with something wrong')}
  curl -s $STEAM/simulator/requests   ${note('what came in')}

${native ? writeNativeGuide(native) : ''}${title('A gate that asks its Web API')}
  steamWebApi({
    key: '${key}', apps: [${steam.appIds.join(', ')}], baseUrl: '${url}',
    ${trust}
  })

Ctrl+C ends it.
`
}
