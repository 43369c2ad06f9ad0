// --- the gate ---
export type { Admission, AdmissionState } from './gate/admission.ts'
export type { GateEvents } from './gate/events.ts'
export type { GateCounts } from './gate/counts.ts'
export { createGate, Gate } from './gate/gate.ts'
export type { AuthenticateOptions, ExchangedPass, GateDoor, Handshake, PassHolder } from './gate/gate-port.ts'
export type {
  DuplicatePolicy,
  GateOptions,
  OneTimeIdentity,
  Policy,
  PolicyRefusal,
  RateLimit,
  SignaturePolicy,
  UnavailablePolicy,
  VerifiedPlayer,
} from './gate/options.ts'

export { gateDefaults } from './gate/settings.ts'
export { type Effect, type Event, type State, type Transition, transition, transitions } from './gate/transitions.ts'
export { InMemoryStore, type InMemoryStoreOptions } from './store/in-memory-store.ts'

// --- the classic interface ---
export { AuthSession, type SessionEndReason } from './authentication/auth-session.ts'
export { AuthTicket } from './authentication/auth-ticket.ts'
export {
  Authentication,
  type AuthenticationEvents,
  type AuthenticationOptions,
  type BeginAuthSessionOptions,
  type CallOptions,
  type LicenseAnswer,
} from './authentication/authentication.ts'

// --- codes and errors ---
export { type Code, type CodeEntry, codeFromCloseCode, codes, type Fault, isCode } from './codes/codes.ts'
export {
  BackendError,
  type BackendFaultCode,
  type ErrorCode,
  isBackendError,
  TicketgateError,
} from './codes/errors.ts'
export { createRefusal, isRefusal, type Refusal, type RefusalOptions } from './codes/refusal.ts'
export {
  AuthSessionResponse,
  BeginAuthSessionResult,
  codeFromAuthSessionResponse,
  codeFromBeginResult,
  UserHasLicenseForAppResult,
} from './codes/steam-responses.ts'

// --- ports ---
export type {
  Awaitable,
  Backend,
  BackendEvent,
  BeginAuthSessionAnswer,
  BeginAuthSessionRequest,
  IssuedTicket,
  IssueTicketRequest,
  PlayerBans,
  TicketKind,
  TicketProblem,
  TicketReading,
  Verdict,
} from './ports/backend.ts'
export { type Cancellation, whenCanceled } from './ports/cancellation.ts'
export { type Clock, systemClock } from './ports/clock.ts'
export type { Connection } from './ports/connection.ts'
export { type Logger, type LogMethod, silentLogger } from './ports/logger.ts'
export type { PassClaims, Passes } from './ports/passes.ts'
export type { Announcement, ClaimAnswer, Store } from './ports/store.ts'

// --- the protocol ---
export {
  encodeMessage,
  type RefusalBody,
  toEndedMessage,
  toRefusalBody,
  toRefusedMessage,
} from './protocol/encode.ts'
export { refusalFromBody, refusalFromClose, toRefusal } from './protocol/from-refused.ts'
export {
  type AdmittedMessage,
  type ClientMessage,
  type EndedMessage,
  type HelloMessage,
  messagePrefix,
  protocolVersion,
  type RefusedMessage,
  type RenewMessage,
  type ServerMessage,
  type TicketMessage,
} from './protocol/messages.ts'
export { isTicketgateMessage, isTicketKind, maxIdentityLength } from './protocol/parse.ts'
export { checkTicketMessage, parseClientMessage } from './protocol/parse-client.ts'
export { checkServerMessage, maxServerMessageBytes, parseServerMessage } from './protocol/parse-server.ts'

// --- ids ---
export { type AppId, isAppId, isSteamId, type SteamId } from './steam-id.ts'

// --- building blocks for adapters and backends ---
export { Emitter, type Unsubscribe } from './events/emitter.ts'
export { requireInteger, requireObject } from './options.ts'
export { type Deadline, Deadlines } from './time/deadlines.ts'
export { monotonicNow } from './time/monotonic-now.ts'
export { isCleanClose } from './transport/clean-close.ts'
export { askAddress, createFaultReport, type FaultReport } from './transport/fault-report.ts'
export { MessageConnection, type MessageTransport } from './transport/message-connection.ts'
export { type AddressedSocket, hasLostPeer } from './transport/lost-peer.ts'
export { withQuietClose } from './transport/quiet-close.ts'
export { withoutPort } from './transport/without-port.ts'
