import assert from 'node:assert/strict'
import { createSimulatedSteam, type SimulatedSteam } from '@ticketgate/simulator'

const wrong: [name: string, call: (steam: SimulatedSteam) => unknown, message: RegExp][] = [
  ['a seed that is no integer', () => createSimulatedSteam({ seed: 1.5 }), /"seed"/],
  ['a seed below 0', () => createSimulatedSteam({ seed: -1 }), /"seed"/],
  ['no apps', () => createSimulatedSteam({ apps: [] }), /"apps"/],
  ['app 0', () => createSimulatedSteam({ apps: [0] }), /"apps"/],
  ['an app id as text', () => createSimulatedSteam({ apps: ['480' as never] }), /"apps" .* got string/],
  ['a DLC that is no app id', () => createSimulatedSteam({ apps: [{ appId: 480, dlc: [-1] }] }), /"apps.dlc"/],
  ['an account without options', (steam) => steam.createAccount(undefined as never), /"options" must be an object/],
  ['an account without a name', (steam) => steam.createAccount({ name: 1 as never }), /"name"/],
  ['a ban that is a word', (steam) => steam.createAccount({ name: 'a', vacBanned: 'no' as never }), /"vacBanned"/],
  ['an account that is half online', (steam) => steam.createAccount({ name: 'a', online: 1 as never }), /"online"/],
  ['a lender of another Steam', borrowFromStranger, /"borrowsFrom"/],
  ['a ticket of a kind that is not minted', mint({ kind: 'encrypted' as never }), /"kind"/],
  ['a variant that does not exist', mint({ variant: 'nonsense' as never }), /"variant"/],
  ['a ticket for an app in quotes', mint({ appId: '480' as never }), /"appId"/],
  ['padding without end', mint({ padTo: 1e9 }), /"padTo"/],
  ['a game server of an unknown app', (steam) => steam.gameServer({ appId: 7 }), /"appId"/],
  ['a logon of no kind', (steam) => steam.gameServer({ logon: 'user' as never }), /"logon"/],
  ['a negative delay', (steam) => steam.gameServer({ faults: { verdictDelayMs: -1 } }), /"faults.verdictDelayMs"/],
  ['a client of an unknown app', (steam) => steam.createAccount({ name: 'a' }).client(7), /"appId"/],
  [
    'a limit of no tickets',
    (steam) => steam.createAccount({ name: 'a' }).client(480, { ticketLimit: 0 }),
    /"ticketLimit"/,
  ],
  ['a ban in an unknown app', (steam) => steam.createAccount({ name: 'a' }).vacBan(7), /"appId"/],
  ['a response that is no integer', (steam) => steam.revoke(steam.createAccount({ name: 'a' }), 1.5), /"response"/],
]

function mint(options: Parameters<SimulatedSteam['mintTicket']>[1]) {
  return (steam: SimulatedSteam) => steam.mintTicket(steam.createAccount({ name: 'a' }), options)
}

function borrowFromStranger(steam: SimulatedSteam) {
  const stranger = createSimulatedSteam({ seed: 9 }).createAccount({ name: 'stranger' })
  return steam.createAccount({ name: 'a', borrowsFrom: stranger })
}

describe('simulated Steam: options', () => {
  for (const [name, call, message] of wrong) {
    it(`refuses ${name}`, () => {
      assert.throws(
        () => call(createSimulatedSteam()),
        (error) => (error instanceof TypeError || error instanceof RangeError) && message.test(error.message),
      )
    })
  }

  it('refuses wrong options of the Web API', async () => {
    const steam = createSimulatedSteam()
    await assert.rejects(steam.listenWebApi({ port: 70_000 }), /"port"/)
    await assert.rejects(steam.listenWebApi({ host: '' }), /"host"/)
    await assert.rejects(steam.listenWebApi({ key: [] }), /"key"/)
    await assert.rejects(steam.listenWebApi({ key: '' }), /"key"/)
    await assert.rejects(steam.listenWebApi({ maxLoggedRequests: -1 }), /"maxLoggedRequests"/)
    await steam.close()
  })
})
