import assert from 'node:assert/strict'
import { requireNativeSteam } from '../fixtures/native-steam.ts'
import { startProgram } from '../flow/child.ts'

const program = (isolation: string) => `
  import { createSimulatedSteam } from '@ticketgate/simulator'
  import { createGameServer } from '@ticketgate/gameserver'
  const steam = createSimulatedSteam()
  const native = await steam.openNative()
  native.serverFaults.isLogonSilent = true
  Object.assign(process.env, native.environment())
  const server = await createGameServer({
    appId: 480,
    product: 'test',
    description: 'test',
    logonTimeoutMs: 1000,
    steamClientPath: native.steamClientPath,
    isolation: '${isolation}',
  })
  await server.ready().catch(({ reason }) => console.log(reason))
  await server.close()
  await steam.close()
  console.log('the end')`

describe('a program that does nothing but wait for a game server', function () {
  this.timeout(30_000)

  before(async function () {
    await requireNativeSteam(this)
  })

  for (const isolation of ['none', 'process']) {
    it(`lives until it knows that Steam does not answer, with isolation: '${isolation}'`, async () => {
      await using running = startProgram([
        '--conditions=@ticketgate/source',
        '--input-type=module',
        '--eval',
        program(isolation),
      ])
      assert.equal(await running.ended, 0, running.output)
      assert.match(running.stdout, /logon-timeout\nthe end\n/)
    })
  }
})
