import { Client, ErrorCode, type Room } from '@colyseus/sdk'
import { createTicketgateClient, type JoinedRoom, type TicketgateClient } from '@ticketgate/colyseus/client'
import type { Refusal } from '@ticketgate/core/client'
import type { ArenaState } from '../server/arena-state.ts'
import { graceSeconds, roomName } from '../shared/arena.ts'
import { createSteamSource } from './steam-source.ts'

export type ArenaRoom = Room<unknown, ArenaState>

/** Who plays here. */
export interface Me {
  readonly steamId: string
  readonly name: string
}

/** How this page stands with the game. */
export type Standing =
  | { readonly kind: 'outside' }
  | { readonly kind: 'joining'; readonly me: Me }
  | { readonly kind: 'playing'; readonly me: Me; readonly room: ArenaRoom; readonly news?: string }
  /** The line is dead, and the SDK is trying to come back. */
  | { readonly kind: 'reconnecting'; readonly me: Me; readonly room: ArenaRoom }
  /** The player pulled the plug. */
  | { readonly kind: 'unplugged'; readonly me: Me; readonly untilMs: number }
  /** Not let in, or put out: with the gate's reason, or in the SDK's words. */
  | { readonly kind: 'refused' | 'ended'; readonly me: Me; readonly why: Pick<Refusal, 'message'> & { code?: string } }

/** The player's side: joins, plays, drops, comes back and leaves. */
export class GameClient {
  readonly #tell: (standing: Standing) => void
  #standing: Standing = { kind: 'outside' }
  #ticketgate: TicketgateClient | undefined
  #joined: JoinedRoom<ArenaRoom> | undefined

  constructor(tell: (standing: Standing) => void) {
    this.#tell = tell
  }

  get standing(): Standing {
    return this.#standing
  }

  async join(me: Me): Promise<void> {
    this.#ticketgate = createTicketgateClient({
      client: new Client(location.origin),
      source: createSteamSource(me.steamId),
      onRenewed: () => this.#tellNews('Your ticket was cancelled; a fresh one was found good, and you play on.'),
    })
    this.#become({ kind: 'joining', me })
    await this.#enter(me, 'refused', () => this.#ticketgate!.joinOrCreate<ArenaRoom>(roomName))
  }

  leave(): void {
    this.#joined?.leave()
    this.#become({ kind: 'outside' })
  }

  /** Loses the connection, and stays away until {@link plugIn}. */
  unplug(): void {
    if (this.#standing.kind !== 'playing') return
    const { room, me } = this.#standing
    // The SDK would be back before anybody has seen it.
    room.reconnection.enabled = false
    this.#become({ kind: 'unplugged', me, untilMs: Date.now() + graceSeconds * 1000 })
    room.connection.close()
  }

  /** Comes back. The server still knows the player, so this needs no ticket. */
  async plugIn(): Promise<void> {
    if (this.#standing.kind !== 'unplugged') return
    const { me } = this.#standing
    const { reconnectionToken } = this.#joined!.room
    this.#become({ kind: 'joining', me })
    await this.#enter(me, 'ended', () => this.#ticketgate!.reconnect<ArenaRoom>(reconnectionToken))
  }

  async #enter(
    me: Me,
    otherwise: 'refused' | 'ended',
    enter: () => Promise<JoinedRoom<ArenaRoom> | Refusal>,
  ): Promise<void> {
    let joined: JoinedRoom<ArenaRoom> | Refusal
    try {
      joined = await enter()
    } catch (error) {
      this.#become({ kind: otherwise, me, why: { message: toText(error) } })
      return
    }
    if (joined.ok) this.#play(me, joined)
    else this.#become({ kind: otherwise, me, why: joined })
  }

  #play(me: Me, joined: JoinedRoom<ArenaRoom>): void {
    const { room } = joined
    this.#joined = joined
    // However early the line dies.
    room.reconnection.minUptime = 0
    room.onDrop(() => {
      if (this.#standing.kind === 'playing') this.#become({ kind: 'reconnecting', me, room })
    })
    room.onReconnect(() => this.#become({ kind: 'playing', me, room, news: 'You are back, within the grace.' }))
    void joined.ended.then((refusal) => {
      const { kind } = this.#standing
      if (this.#joined !== joined || kind === 'outside' || kind === 'unplugged') return
      this.#become({ kind: 'ended', me, why: refusal ?? { message: 'The connection is gone.' } })
    })
    this.#become({ kind: 'playing', me, room })
  }

  #tellNews(news: string): void {
    if (this.#standing.kind === 'playing') this.#become({ ...this.#standing, news })
  }

  #become(standing: Standing): void {
    this.#standing = standing
    this.#tell(standing)
  }
}

/** What the SDK throws is not the gate's: the seat is given up, the room is full, the server is gone. */
function toText(error: unknown): string {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown }
  if (code === ErrorCode.MATCHMAKE_EXPIRED) return 'You were away for too long: your place was given up.'
  return typeof message === 'string' && message !== '' ? message : 'The server cannot be reached.'
}
