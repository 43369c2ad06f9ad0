/**
 * Where each field of an auth ticket stands. Little endian throughout; offsets and lengths in bytes.
 *
 * A ticket is three parts in a row: 24 bytes about the game-connect token, 28 bytes about the session,
 * then a length and the ownership part with Steam's signature behind it. Only the ownership part is
 * signed, so the halves say nothing about each other.
 *
 * Source: SteamKit's `steam3_appticket.hsl` and `SteamAuthTicket.cs`, and published tickets of 2017 to 2025.
 */
export const ticketLayout = Object.freeze({
  /** Value of the first field. Nothing else Steam hands out as a ticket begins with it. */
  tokenSectionLength: 20,
  /** Value of the field at `offsets.sessionHeaderLength`. */
  sessionHeaderLength: 24,
  /** Value of the field at `offsets.sessionHeaderVersion`. */
  sessionHeaderVersion: 1,
  /** Value of the field at `offsets.ownershipVersion`. */
  ownershipVersion: 4,
  /** Bytes before the ownership part; the value at `offsets.restLength` counts from here. */
  headerBytes: 56,
  /** Shortest ownership part: no licence, no DLC. It counts its own length field. */
  minOwnershipBytes: 46,
  /** RSA-1024 over the ownership part: SHA-1, PKCS#1 v1.5. */
  signatureBytes: 128,
  /** Header, shortest ownership part and signature. */
  minTicketBytes: 230,
  /** How much of a ticket Steam's own clients and servers send to Steam: all but the ownership part. */
  steamPartBytes: 52,
  /** Values of the field at `offsets.ticketType`. */
  ticketTypes: Object.freeze({ session: 2, webapi: 5 }),
  offsets: Object.freeze({
    /** u32 = 20 */
    tokenSectionLength: 0,
    /** u64: the game-connect token, which Steam hands to clients in advance. */
    gcToken: 4,
    /** u64 */
    issuerSteamId: 12,
    /** u32, unix seconds: when Steam handed the token out. */
    tokenTime: 20,
    /** u32 = 24 */
    sessionHeaderLength: 24,
    /** u32 = 1 */
    sessionHeaderVersion: 28,
    /** u32: 2 `session`, 5 `webapi` */
    ticketType: 32,
    /** 8 bytes: random since about 2021, addresses before. */
    sessionBytes: 36,
    /** u32, milliseconds on the client's own clock. */
    clientClock: 44,
    /** u32: how many tickets this Steam session has made. */
    ticketCounter: 48,
    /** u32: bytes that follow this field, ownership part and signature. */
    restLength: 52,
    /** u32: length of the ownership part including this field. The signature covers from here. */
    ownershipLength: 56,
    /** u32 = 4 */
    ownershipVersion: 60,
    /** u64 */
    ownershipSteamId: 64,
    /** u32 */
    appId: 72,
    /** IPv4 as a little-endian u32: the player's address as Steam saw it. */
    externalIp: 76,
    /** IPv4 as a little-endian u32: what the client says of its own address. */
    internalIp: 80,
    /** u32, 0 in every published ticket. */
    ownershipFlags: 84,
    /** u32, unix seconds */
    generated: 88,
    /** u32, unix seconds; 21 days after `generated`. */
    expires: 92,
    /** u16, then that many u32 package ids; u16 count of DLC, each u32 app id, u16 count, u32 package ids; u16 = 0. */
    licenseCount: 96,
  }),
})

/** The unsigned 32-bit number at an offset. The caller has checked that it lies inside. */
export function readUint32(bytes: Uint8Array, offset: number): number {
  return (
    ((bytes[offset] as number) |
      ((bytes[offset + 1] as number) << 8) |
      ((bytes[offset + 2] as number) << 16) |
      ((bytes[offset + 3] as number) << 24)) >>>
    0
  )
}

/** The unsigned 16-bit number at an offset. The caller has checked that it lies inside. */
export function readUint16(bytes: Uint8Array, offset: number): number {
  return (bytes[offset] as number) | ((bytes[offset + 1] as number) << 8)
}
