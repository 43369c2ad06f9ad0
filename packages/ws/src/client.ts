export { type Joined, type JoinOptions, join } from './client/join.ts'
export type { WebSocketConstructor, WebSocketLike } from './client/web-socket-like.ts'
