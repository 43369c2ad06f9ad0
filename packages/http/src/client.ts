// The client half: no Node module behind it, so it loads in browsers.

export type { CallOptions } from './client/call.ts'
export { exchange, type Exchanged, type ExchangeOptions } from './client/exchange.ts'
export { fetchHello } from './client/fetch-hello.ts'
