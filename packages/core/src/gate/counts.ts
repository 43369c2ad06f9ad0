/** Numbers of one moment, for metrics and tests. */
export interface GateCounts {
  /** Handshakes waiting or being verified. */
  readonly pending: number
  /** Players who hold at least one admission. */
  readonly players: number
  /** Admissions in every state but `ended`. */
  readonly admissions: number
  /** Open auth sessions. */
  readonly sessions: number
  /** Deadlines that wait: handshakes, graces, renewals, limits' windows, the lease. */
  readonly deadlines: number
}
