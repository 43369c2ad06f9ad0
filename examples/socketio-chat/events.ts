/** Somebody in the chat. */
export interface Person {
  readonly steamId: string
  /** As on their Steam profile. */
  readonly name: string
  /** Whether they play somebody else's copy. */
  readonly isBorrowed: boolean
}

export interface ClientEvents {
  say(text: string): void
}

export interface ServerEvents {
  said(name: string, text: string): void
  /** News of the chat itself. */
  told(text: string): void
  people(people: readonly Person[]): void
}
