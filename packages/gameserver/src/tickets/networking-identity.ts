// SteamNetworkingIdentity of steamnetworkingtypes.h: type, size of the value, the value; packed, 136 bytes in all.

const structureBytes = 136
const steamIdType = 16
const addressType = 1
const textType = 2
const maxTextBytes = 31

/**
 * The party that a session ticket is made for, as Steam's library takes it.
 *
 * @param identity `steamid:` and 17 digits, or the digits alone; `ip:` and an IPv4 address, with or without a port; any
 *   other text of 1 to 31 bytes is taken as it is.
 * @throws TypeError or RangeError naming `identity`.
 */
export function encodeNetworkingIdentity(identity: string): Uint8Array {
  const bytes = new Uint8Array(structureBytes)
  const view = new DataView(bytes.buffer)
  const steamId = /^(?:steamid:)?(\d{17})$/.exec(identity)?.[1]
  if (steamId !== undefined) {
    view.setInt32(0, steamIdType, true)
    view.setInt32(4, 8, true)
    view.setBigUint64(8, BigInt(steamId), true)
    return bytes
  }
  if (identity.startsWith('steamid:')) {
    throw new TypeError('"identity" must have 17 digits behind "steamid:"')
  }
  if (identity.startsWith('ip:')) {
    const { address, port } = readAddress(identity)
    view.setInt32(0, addressType, true)
    view.setInt32(4, 18, true)
    // An IPv4 address as an IPv6 one: ::ffff:a.b.c.d, and the port in host order, which is little-endian here.
    bytes.set([0xff, 0xff, ...address], 8 + 10)
    view.setUint16(8 + 16, port, true)
    return bytes
  }
  const text = new TextEncoder().encode(identity)
  if (text.length < 1 || text.length > maxTextBytes || identity.includes('\0')) {
    throw new RangeError(`"identity" must be 1 to ${maxTextBytes} bytes without a NUL, got ${text.length}`)
  }
  view.setInt32(0, textType, true)
  view.setInt32(4, text.length + 1, true)
  bytes.set(text, 8)
  return bytes
}

function readAddress(identity: string): { address: number[]; port: number } {
  const match = /^ip:(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?::(\d{1,5}))?$/.exec(identity)
  const address = (match?.slice(1, 5) ?? []).map(Number)
  const port = Number(match?.[5] ?? 0)
  if (match === null || address.some((part) => part > 255) || port > 65_535) {
    throw new TypeError('"identity" must be an IPv4 address behind "ip:", like "ip:192.0.2.1:27015"')
  }
  return { address, port }
}
