import { type Arena, bansEveryMs } from './arena.ts'
import { until } from './waiting.ts'

/** Lets the time of the next look at bans come, and waits until Steam was asked. */
export async function recheckBans({ backendClock, webApi }: Arena): Promise<void> {
  const before = webApi.calls.GetPlayerBans
  backendClock.skip(bansEveryMs)
  // One look at a time: when Steam is asked again, the answer before has been taken in.
  await until(() => webApi.calls.GetPlayerBans > before)
}
