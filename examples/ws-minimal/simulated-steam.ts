// Stands in for Steam, so that the example runs without a key, an account and a network.

import { createSimulatedSteam } from '@ticketgate/simulator'

/** Starts it with a few accounts, and gives what `steamWebApi` needs to ask it. */
export async function simulatedSteam(appId: number) {
  const steam = createSimulatedSteam({ apps: [appId] })
  steam.createAccount({ name: 'Ada' })
  steam.createAccount({ name: 'Bert' })
  steam.createAccount({ name: 'Vera', vacBanned: true })
  const { url, key } = await steam.listenWebApi({ port: Number(process.env.STEAM_PORT ?? 8480), control: true })
  console.log(`simulated Steam at ${url}`)
  return { key, baseUrl: url, dangerouslyTrustTicketKey: steam.publicKey }
}
