// A game with an isolated game server: says so, and then does what the argument names.

import { readFileSync } from 'node:fs'
import { createIsolatedGameServer } from './create-isolated.ts'
import { fakeChild } from './scene.ts'

const server = await createIsolatedGameServer(
  { appId: 480, product: 'test', description: 'test' },
  {
    childModule: fakeChild,
    env: { FAKE_JOURNAL: process.env.FAKE_JOURNAL, FAKE_PLAN: JSON.stringify([process.argv[3] ?? 'connected']) },
  },
)
const heir = process.argv[2]?.endsWith('heir') ? 'heir ' : ''
await server.ready()
console.log('ready')
switch (process.argv[2]) {
  case 'stay':
    setInterval(() => {}, 60_000)
    break
  case 'crash the child':
  case 'crash the child and leave an heir':
    await server.beginAuthSession!(
      {
        ticket: { data: Buffer.from(`crash ${heir}SIGKILL`) } as never,
        steamId: '76561197960265729',
        identity: undefined,
      },
      undefined,
    ).catch((error: { refusalCode: string }) => console.log(`rejected: ${error.refusalCode}`))
    if (heir !== '') console.log(readFileSync(String(process.env.FAKE_JOURNAL), 'utf8'))
    break
  case 'close':
    await server.close()
    console.log('closed')
    break
}
