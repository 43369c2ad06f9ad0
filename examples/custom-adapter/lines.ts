import type { Socket } from 'node:net'

/** Splits what a socket sends into lines. One that grows longer than `maxLength` is handed over unfinished. */
export function readLines(socket: Socket, maxLength: number, onLine: (line: string) => void): void {
  let rest = ''
  socket.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) onLine(line)
    if (rest.length <= maxLength) return
    onLine(rest)
    rest = ''
  })
}
