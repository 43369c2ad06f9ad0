// --- the guard ---
export { guard } from './guard.ts'
export { ticketgate } from './middleware.ts'

// --- types ---
export type { GuardedData, TicketgateData } from './socket-data.ts'
export type { GuardOptions, TicketgateOptions } from './options.ts'
