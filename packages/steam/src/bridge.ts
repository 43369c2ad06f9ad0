// Tickets from where Steam's client is to where the game is: another process, a worker, a page. Browser-safe.

export { type Ask, createBridgedTicketSource } from './bridge/bridged-source.ts'
export type { BridgeAnswer, BridgeQuestion } from './bridge/messages.ts'
export { askOverPort, type PortAsker, serveTicketPort, type TicketPort } from './bridge/port.ts'
export { createTicketDesk, type TicketDesk, type TicketDeskOptions } from './bridge/ticket-desk.ts'
