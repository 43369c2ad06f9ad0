import type { SteamId } from '@ticketgate/core'

/** How often something happened to one player, or to all. */
export interface LedgerEntry {
  /** Begins that opened a session. */
  readonly begun: number
  /** Ends of an open session. */
  readonly ended: number
  readonly open: number
  /** Ends for a player without an open session: one too many. */
  readonly strayEnds: number
}

/**
 * The sessions of one game server as Steam counts them, for comparing `begun` with `ended` from the other
 * side.
 */
export interface Ledger extends LedgerEntry {
  /** One player's share. */
  of(steamId: SteamId): LedgerEntry
  /** Players with an open session. */
  readonly openPlayers: readonly SteamId[]
}

/** A ledger with the pen. */
export interface WritableLedger extends Ledger {
  begin(steamId: SteamId): void
  end(steamId: SteamId): void
}

export function createLedger(): WritableLedger {
  const players = new Map<SteamId, { begun: number; ended: number; strayEnds: number }>()
  const open = new Set<SteamId>()
  const total = { begun: 0, ended: 0, strayEnds: 0 }

  function entry(steamId: SteamId) {
    let player = players.get(steamId)
    if (!player) {
      player = { begun: 0, ended: 0, strayEnds: 0 }
      players.set(steamId, player)
    }
    return player
  }

  return {
    get begun() {
      return total.begun
    },
    get ended() {
      return total.ended
    },
    get strayEnds() {
      return total.strayEnds
    },
    get open() {
      return open.size
    },
    get openPlayers() {
      return [...open]
    },
    of(steamId) {
      const { begun = 0, ended = 0, strayEnds = 0 } = players.get(steamId) ?? {}
      return { begun, ended, strayEnds, open: open.has(steamId) ? 1 : 0 }
    },
    begin(steamId) {
      open.add(steamId)
      entry(steamId).begun += 1
      total.begun += 1
    },
    end(steamId) {
      const count = open.delete(steamId) ? 'ended' : 'strayEnds'
      entry(steamId)[count] += 1
      total[count] += 1
    },
  }
}

/** The sum of several ledgers, as they are at each look. */
export function sumLedgers(ledgers: () => readonly Ledger[]): Ledger {
  const sum = (count: (ledger: Ledger) => number): number =>
    ledgers().reduce((total, ledger) => total + count(ledger), 0)
  return {
    get begun() {
      return sum(({ begun }) => begun)
    },
    get ended() {
      return sum(({ ended }) => ended)
    },
    get open() {
      return sum(({ open }) => open)
    },
    get strayEnds() {
      return sum(({ strayEnds }) => strayEnds)
    },
    get openPlayers() {
      return [...new Set(ledgers().flatMap(({ openPlayers }) => openPlayers))]
    },
    of: (steamId) => ({
      begun: sum((ledger) => ledger.of(steamId).begun),
      ended: sum((ledger) => ledger.of(steamId).ended),
      open: sum((ledger) => ledger.of(steamId).open),
      strayEnds: sum((ledger) => ledger.of(steamId).strayEnds),
    }),
  }
}
