import { compileSteamClient } from '@ticketgate/simulator'
import type { Context } from 'mocha'
import { skip } from './skip.ts'

/** Compiles the simulated Steam client once; skips where there is no compiler or no Linux. */
export async function requireSteamClient(context: Context): Promise<string> {
  try {
    return await compileSteamClient()
  } catch (error) {
    skip(context, error instanceof Error ? (error.message.split('\n')[0] as string) : String(error))
  }
}
