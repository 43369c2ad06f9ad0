import { type Client, type Room, RoomPlugin } from '@colyseus/core'
import type { Admission } from '@ticketgate/core'

/** @internal Called once for each room, before any of its hooks. */
export interface PluginHost {
  guard(room: Room): void
  admission(client: Client): Admission | undefined
}

/** Guards one room. Made by `ticketgate.plugin()`, one for each room. */
export class TicketgatePlugin extends RoomPlugin {
  override readonly pluginName = 'ticketgate' as const
  readonly #host: PluginHost

  /** @internal */
  constructor(host: PluginHost) {
    super()
    this.#host = host
    let room: Room | undefined
    // Colyseus assigns the room once it is constructed and before `onCreate`: the one moment at which every style
    // of hook can still be wrapped.
    Object.defineProperty(this, 'room', {
      configurable: true,
      enumerable: true,
      get: () => room,
      set: (value: Room) => {
        room = value
        host.guard(value)
      },
    })
  }

  /** The admission behind a client of this room. */
  admission(client: Client): Admission | undefined {
    return this.#host.admission(client)
  }
}
