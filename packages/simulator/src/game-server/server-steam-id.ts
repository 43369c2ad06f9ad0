import type { SteamId } from '@ticketgate/core'
import type { Random } from '../random.ts'

/** A game server's SteamID, public universe: account type 3 with a login token, 4 when anonymous. */
export function createServerSteamId(logon: 'anonymous' | 'token', random: Random): SteamId {
  const base = logon === 'token' ? 0x0130_0000_0000_0000n : 0x0140_0000_0000_0000n
  const instance = logon === 'token' ? 0n : BigInt(random.integer(1, 0xf_ffff)) << 32n
  return (base + instance + BigInt(random.integer(1, 0xffff_ffff))).toString()
}
