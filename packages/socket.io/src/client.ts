export { createTicketgateAuth, type TicketgateAuth } from './client/auth.ts'
export { type Joined, join } from './client/join.ts'
export { clientDefaults, type TicketgateClientOptions } from './client/options.ts'
