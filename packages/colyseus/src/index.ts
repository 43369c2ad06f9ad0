export type { TicketgateAuth } from './auth.ts'
export { type AddressReader, type TicketgateOptions, type TrustProxy, ticketgateDefaults } from './options.ts'
export { TicketgatePlugin } from './plugin.ts'
export { createTicketgate, type Ticketgate } from './ticketgate.ts'
