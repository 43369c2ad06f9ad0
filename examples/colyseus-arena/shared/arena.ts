// What server and page must agree on.

/** The room's name. */
export const roomName = 'arena'
/** Of the field, in its own units; the page scales it to whatever the screen has. */
export const width = 480
export const height = 320
export const shipRadius = 13
/** In units per second. */
export const shipSpeed = 150
/** Points that win a round. */
export const pointsToWin = 30
/** How long the place of a player who lost the connection is kept. */
export const graceSeconds = 20

/** Where a player wants to go: each part from -1 to 1, both 0 to come to rest. */
export interface Steering {
  readonly x: number
  readonly y: number
}
