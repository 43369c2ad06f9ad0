import { createSimulatedSteam } from '@ticketgate/simulator'

export const benchAppId = 480
export const benchIdentity = 'bench'

/** Where a forged ticket is marked, so that the stub verifier can tell it as Steam would: last byte of the token. */
export const forgedMarkOffset = 11
export const forgedMark = 0xff

/**
 * Fresh tickets without end. Players' ownership halves are signed once, as Steam's client does; each ticket
 * gets a head of its own, so that no two have the same bytes.
 */
export class TicketSupply {
  readonly #templates: Buffer[] = []
  #serial: number
  readonly #forgedTemplates: Buffer[] = []

  /** @param players How many different players take turns. @param first Number of the first ticket. */
  constructor(players: number, first = 1) {
    const steam = createSimulatedSteam({ seed: 7, apps: [benchAppId] })
    for (let index = 0; index < players; index++) {
      const account = steam.createAccount({ name: `player ${index}` })
      const { data } = steam.mintTicket(account, { appId: benchAppId, identity: benchIdentity })
      const ticket = Buffer.from(data)
      this.#templates.push(ticket)
      const forged = Buffer.from(data)
      forged[forged.length - 1]! ^= 1
      this.#forgedTemplates.push(forged)
    }
    this.#serial = first
  }

  /** A ticket that nobody has seen, in bytes. */
  next(forged = false): Buffer {
    this.#serial++
    const templates = forged ? this.#forgedTemplates : this.#templates
    const ticket = Buffer.from(templates[this.#serial % templates.length]!)
    ticket.writeUInt32LE(this.#serial, 4)
    ticket.writeUInt32LE((this.#serial * 2_654_435_761) % 0x1_0000_0000, 36)
    ticket[forgedMarkOffset] = forged ? forgedMark : 0
    return ticket
  }

  /** A ticket message, as a client sends it. */
  nextMessage(forged = false): string {
    const data = this.next(forged).toString('hex')
    return JSON.stringify({ ticketgate: 'ticket', kind: 'webapi', appId: benchAppId, data })
  }
}
