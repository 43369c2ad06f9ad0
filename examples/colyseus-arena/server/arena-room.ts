import { type Client, definePlugins, Room } from '@colyseus/core'
import type { Ticketgate, TicketgateAuth } from '@ticketgate/colyseus'
import { graceSeconds, type Steering } from '../shared/arena.ts'
import { Arena } from './arena.ts'
import type { ArenaState } from './arena-state.ts'

type Player = Client<{ auth: TicketgateAuth }>

/** What the room needs of the server around it. */
export interface ArenaRoomOptions {
  readonly ticketgate: Ticketgate
  /** The name on a player's Steam profile. */
  readonly findName: (steamId: string) => Promise<string>
}

/** Makes the class of the room. Nobody reaches its hooks without a ticket that Steam found good. */
export function defineArenaRoom({ ticketgate, findName }: ArenaRoomOptions) {
  return class ArenaRoom extends Room<{ state: ArenaState; client: Player }> {
    // Steam is asked at matchmaking: nobody unverified gets a seat.
    static override onAuth = ticketgate.onAuth
    // Ends the session with the player's leave, and the player's stay with the session.
    override plugins = definePlugins([ticketgate.plugin()])

    override maxClients = 16
    // Or the last player, who comes back too late or was banned while away, would hear of a disposed room only.
    override autoDispose = false
    readonly #arena = new Arena()

    override onCreate(): void {
      this.state = this.#arena.state
      this.onMessage('steer', ({ sessionId }: Player, steering: Steering) => this.#arena.steer(sessionId, steering))
      this.setTimestep((deltaMs) => this.#arena.pass(deltaMs / 1000), 1000 / 30)
    }

    override async onJoin({ sessionId, auth }: Player): Promise<void> {
      // Steam's word, not the client's.
      const { steamId, isBorrowed } = auth!
      this.#arena.enter(sessionId, { name: await findName(steamId), isBorrowed })
    }

    override onDrop(player: Player): void {
      this.#arena.markAway(player.sessionId, true)
      // The auth session lives as long as the seat: this is its grace.
      this.allowReconnection(player, graceSeconds)
    }

    override onReconnect({ sessionId }: Player): void {
      this.#arena.markAway(sessionId, false)
    }

    override onLeave({ sessionId }: Player): void {
      this.#arena.leave(sessionId)
    }
  }
}
