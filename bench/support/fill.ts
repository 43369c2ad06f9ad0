import { createHash } from 'node:crypto'
import { type Admission, Authentication, type Connection, InMemoryStore, type TicketReading } from '@ticketgate/core'
import { createDefaultGate } from './gate-setup.ts'
import { InstantBackend } from './instant-backend.ts'
import { benchAppId } from './ticket-supply.ts'

/** A SteamID of its own for every index. */
export function toSteamId(index: number): string {
  return (76_561_197_960_265_729n + BigInt(index)).toString()
}

/** A digest as a ticket has it, made anew so that no two entries share a string. */
export function toDigest(index: number): string {
  return createHash('sha256').update(String(index)).digest('base64url')
}

const noBytes = new Uint8Array(0)

/** What a reading of the player's ticket says, without a ticket: 100,000 signatures would take a minute. */
export function toReading(index: number): TicketReading {
  const digest = toDigest(index)
  return {
    data: noBytes,
    kind: 'webapi',
    appId: benchAppId,
    steamId: toSteamId(index),
    digest,
    fingerprint: Buffer.from(digest, 'base64url').toString('hex', 0, 6),
    signature: 'unchecked',
    problems: [],
  }
}

/** Sessions in the registry of an `Authentication`. */
export async function fillAuthentication(count: number): Promise<Authentication> {
  const authentication = new Authentication({ backend: new InstantBackend() })
  for (let index = 0; index < count; index++) {
    const session = await authentication.beginAuthSession(toReading(index))
    if (!session.ok) throw new Error(session.code)
  }
  return authentication
}

/** A backend whose tickets are numbers. */
export class NumberedBackend extends InstantBackend {
  override readonly inspectTicket = (ticket: Uint8Array | string): TicketReading => toReading(Number(ticket))
}

const connection: Connection = {
  address: '127.0.0.1',
  renewable: true,
  send() {},
  close() {},
  admitted() {},
  expectTicket() {},
}

/**
 * Forgets used tickets at once: they outlive connections, are measured by themselves, and their table, which
 * doubles now and then, would hide what a connection holds.
 */
export class ForgetfulStore extends InMemoryStore {
  override remember(): boolean {
    return true
  }
}

/** Players with one admission each: session, admission, the store's claim. */
export async function fillGate(count: number): Promise<unknown> {
  const limits = { attemptsPerAddress: false, loginsPerPlayer: false } as const
  const gate = createDefaultGate(new NumberedBackend(), { ...limits, store: new ForgetfulStore() })
  for (let index = 0; index < count; index++) {
    const message = { ticketgate: 'ticket', kind: 'webapi', appId: benchAppId, data: String(index) } as const
    const admission = (await gate.authenticate(message)) as Admission
    if (!admission.ok) throw new Error('refused')
    admission.attach(connection)
  }
  return gate
}

/** Used tickets that the replay guard remembers. */
export function fillStore(count: number): InMemoryStore {
  const store = new InMemoryStore()
  for (let index = 0; index < count; index++) store.remember({ key: toDigest(index), ttlMs: 86_400_000 })
  return store
}
