/** Says why a server could not listen, and what to do about it. */
export function explainListenError(error: unknown, host: string, port: number): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE') {
    return `port ${port} is in use. Choose another one with --port, or --port 0 for any free one.`
  }
  if (code === 'EACCES') return `port ${port} may not be used by this account. Choose one above 1023.`
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return `${host} is no address of this machine.`
  return error instanceof Error ? error.message : 'it could not listen'
}

/** Whether an error says that a server could not listen. */
export function isListenError(error: unknown): boolean {
  return (
    error instanceof Error && 'syscall' in error && ['listen', 'bind', 'getaddrinfo'].includes(String(error.syscall))
  )
}
