export { type ConnectionListener, type Guard, guard } from './guard.ts'
export type { GuardOptions } from './guard-options.ts'
export { ticketgateProtocol, ticketProtocolPrefix } from './upgrade-ticket.ts'
