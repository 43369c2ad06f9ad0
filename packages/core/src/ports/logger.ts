/** One level of a {@link Logger}: fields first, then a fixed sentence, as pino has it. */
export type LogMethod = (fields: Record<string, unknown>, message: string) => void

/**
 * A logger shaped like pino's. What reaches it holds fingerprints, SteamIDs, codes and addresses; never a
 * ticket, a key or a URL with a query.
 */
export interface Logger {
  readonly trace: LogMethod
  readonly debug: LogMethod
  readonly info: LogMethod
  readonly warn: LogMethod
  readonly error: LogMethod
}

const ignore: LogMethod = () => {}

/** Says nothing; the default. */
export const silentLogger: Logger = Object.freeze({
  trace: ignore,
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: ignore,
})
