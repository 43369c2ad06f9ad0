import { createRefusal, type Refusal } from '../codes/refusal.ts'
import type { TicketMessage } from '../protocol/messages.ts'
import { checkTicketMessage, parseClientMessage } from '../protocol/parse-client.ts'
import type { GateContext } from './context.ts'
import type { Door } from './door.ts'
import { checkPass } from './pass-desk.ts'

/** @internal What can be said of a ticket message before a place is made for it. See `GateDoor.precheck`. */
export async function precheck(
  gate: GateContext,
  door: Door,
  presented: TicketMessage | string | Uint8Array,
  address: string | undefined,
): Promise<Refusal | undefined> {
  const { refusal, fingerprint } = await judge(gate, door, presented, address)
  if (refusal === undefined) return undefined
  const counted = refusal.code === 'too-many-attempts' ? undefined : door.knock(address, true)
  const answer = counted?.code === 'too-many-attempts' ? counted : refusal
  const { code, detail } = answer
  gate.logger.info({ code, detail, fingerprint, address }, 'player refused')
  gate.emitter.emit('refused', { refusal: answer, fingerprint, address, steamId: undefined })
  return answer
}

async function judge(
  gate: GateContext,
  door: Door,
  presented: TicketMessage | string | Uint8Array,
  address: string | undefined,
): Promise<{ readonly refusal: Refusal | undefined; readonly fingerprint?: string }> {
  const limited = door.knock(address, false)
  if (limited !== undefined) return { refusal: limited }
  const { maxMessageBytes } = gate.settings
  const parsed =
    typeof presented === 'string' || presented instanceof Uint8Array
      ? parseClientMessage(presented, maxMessageBytes)
      : checkTicketMessage(presented, maxMessageBytes)
  if (!parsed.ok) return { refusal: parsed }
  const { kind, data } = parsed.message
  if (kind === 'pass') {
    const holder = await checkPass(gate, data)
    return { refusal: holder.ok ? undefined : holder }
  }
  const reading = gate.backend.inspectTicket!(data, { checkSignature: true })
  const { fingerprint } = reading
  const [problem] = reading.problems
  if (problem === undefined) return { refusal: undefined, fingerprint }
  return { refusal: createRefusal(problem.refusalCode, { detail: problem.code }), fingerprint }
}
