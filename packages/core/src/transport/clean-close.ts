/**
 * Whether a WebSocket's close code says that somebody decided to leave: 1000, 1001 (the tab was closed or
 * navigated), 1005 (a close frame without a code) and the application's own 3000 to 4999. Everything else, 1006
 * above all, is a connection that dropped, and the player may come back within the grace.
 */
export function isCleanClose(closeCode: number): boolean {
  return closeCode === 1000 || closeCode === 1001 || closeCode === 1005 || closeCode >= 3000
}
