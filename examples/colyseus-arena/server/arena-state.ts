import { type SchemaType, schema, t } from '@colyseus/schema'

/** A player's ship. All about the player comes from Steam. */
export const Ship = schema(
  {
    name: t.string(),
    /** Whether they play somebody else's copy, through Steam Families. */
    isBorrowed: t.boolean(),
    /** Whether the connection is lost and the place is kept. */
    isAway: t.boolean(),
    /** Of its colour, 0 to 359. */
    hue: t.uint16(),
    x: t.float32(),
    y: t.float32(),
    points: t.uint8(),
    roundsWon: t.uint16(),
  },
  'Ship',
)
export type Ship = SchemaType<typeof Ship>

/** Something to collect. */
export const Spark = schema({ x: t.float32(), y: t.float32(), worth: t.uint8() }, 'Spark')
export type Spark = SchemaType<typeof Spark>

export const ArenaState = schema(
  {
    /** By the session id that Colyseus gave to the client. */
    ships: t.map(Ship),
    sparks: t.array(Spark),
    /** Counts from 1. */
    round: t.uint16(),
    /** Who won the round before. */
    lastWinner: t.string(),
  },
  'ArenaState',
)
export type ArenaState = SchemaType<typeof ArenaState>
