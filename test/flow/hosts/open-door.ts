import { createGate, type Gate, type GateOptions } from '@ticketgate/core'
import { toBase64Url } from '@ticketgate/core/client'
import { createSimulatedSteam, type SimulatedSteam } from '@ticketgate/simulator'

/** A gate that lets everybody in, and tickets for everybody. */
export class OpenDoor {
  readonly gate: Gate
  readonly #steam: SimulatedSteam = createSimulatedSteam({ seed: 11, apps: [480] })

  constructor(options: Partial<GateOptions> = {}) {
    const backend = this.#steam.gameServer()
    this.gate = createGate({
      backend,
      identity: 'my-game',
      attemptsPerAddress: false,
      loginsPerPlayer: false,
      ...options,
    })
  }

  /** A new player, who has a fresh ticket whenever asked. */
  player(): () => {
    readonly ticketgate: 'ticket'
    readonly kind: string
    readonly appId: number
    readonly data: string
  } {
    const account = this.#steam.createAccount({ name: 'player' })
    return () => {
      const { kind, appId, data } = this.#steam.mintTicket(account, { kind: 'session' })
      return { ticketgate: 'ticket', kind, appId, data: toBase64Url(data) }
    }
  }

  async close(): Promise<void> {
    await this.gate.close()
    await this.#steam.close()
  }
}
