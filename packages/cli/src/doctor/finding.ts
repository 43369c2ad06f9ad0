/** What one check found. */
export interface Finding {
  /** Short and fixed, for people and programs: `steamclient`. */
  readonly name: string
  /** `missing` is what has to be mended; `skipped` was not looked at, or decides nothing. */
  readonly state: 'fine' | 'missing' | 'skipped'
  /** What was found, in a few words. Never a key, a token or a ticket. */
  readonly detail: string
  /** What to do next. */
  readonly hint?: string | undefined
  /** A `GameServerFaultReason`; docs/dedicated-server.md has a heading for each. */
  readonly reason?: string | undefined
}

export function fine(name: string, detail: string, hint?: string): Finding {
  return { name, state: 'fine', detail, hint }
}

export function missing(name: string, detail: string, hint: string, reason?: string): Finding {
  return { name, state: 'missing', detail, hint, reason }
}

export function skipped(name: string, detail: string, hint?: string): Finding {
  return { name, state: 'skipped', detail, hint }
}
