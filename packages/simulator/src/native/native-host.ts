import type { Clock } from '@ticketgate/core'
import type { Random } from '../random.ts'
import type { Mint } from '../ticket/mint.ts'
import type { World } from '../world/world.ts'
import type { Journal } from './journal.ts'

/** What attached clients and servers share. */
export interface NativeHost {
  readonly world: World
  readonly mint: Mint
  readonly clock: Clock
  readonly random: Random
  readonly journal: Pick<Journal, 'append'>
  readonly serverAddress: string
  readonly acceptUsedTickets: boolean
  readonly ticketLimit: number
}

/** How the life of an attached user goes on. */
export type AttachmentEnd = 'detached' | 'process-ended'
