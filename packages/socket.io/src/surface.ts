/** A fault of the application's own function: as loud as any uncaught error, and outside our own work. */
export function surface(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}
