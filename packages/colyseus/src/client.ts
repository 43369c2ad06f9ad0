export type { JoinedRoom } from './client/guarded-room.ts'
export { refusalFromError } from './client/refusal-from-error.ts'
export {
  createTicketgateClient,
  type RoomOptions,
  type SdkClient,
  type TicketgateClient,
  type TicketgateClientOptions,
} from './client/ticketgate-client.ts'
