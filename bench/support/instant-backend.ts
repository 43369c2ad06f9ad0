import type { Backend, BeginAuthSessionAnswer, BeginAuthSessionRequest, SteamId } from '@ticketgate/core'
import { simulatorPublicKey } from '@ticketgate/simulator'
import { createSteamTicketInspector } from '@ticketgate/steam'
import { benchAppId } from './ticket-supply.ts'

/**
 * A backend that reads tickets as the real one does and answers at once: what is left is the gate's own
 * cost. Answers for licences and bans too, so that no check is skipped for want of an answer.
 */
export class InstantBackend implements Backend {
  readonly name = 'instant'
  readonly issues = []
  readonly verifies = ['webapi'] as const
  readonly appIds = [benchAppId]
  readonly sessionModel = 'one-shot'
  readonly available = true
  begins = 0
  readonly inspectTicket: NonNullable<Backend['inspectTicket']> = createSteamTicketInspector({
    kinds: ['webapi'],
    appIds: [benchAppId],
    dangerouslyTrustKey: simulatorPublicKey,
  })

  async beginAuthSession({ steamId }: BeginAuthSessionRequest): Promise<BeginAuthSessionAnswer> {
    this.begins++
    return {
      type: 'verdict',
      verdict: { steamId, ownerSteamId: steamId, response: 0, vacBanned: false, publisherBanned: false },
    }
  }

  userHasLicenseForApp(_steamId: SteamId): number {
    return 0
  }

  subscribe(): () => void {
    return () => {}
  }

  async close(): Promise<void> {}
}
