import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { type Finding, fine, missing } from '../finding.ts'

/** Whether the ports can be had: TCP and UDP where players connect, UDP where server browsers ask. */
export async function checkPorts(gamePort: number, queryPort: number | undefined): Promise<Finding> {
  const name = 'ports'
  const wanted = [
    { port: gamePort, protocol: 'TCP', tryIt: tryTcp },
    { port: gamePort, protocol: 'UDP', tryIt: tryUdp },
    ...(queryPort === undefined ? [] : [{ port: queryPort, protocol: 'UDP', tryIt: tryUdp }]),
  ]
  const taken: string[] = []
  for (const { port, protocol, tryIt } of wanted) {
    const code = await tryIt(port)
    if (code !== undefined) taken.push(`${protocol} ${port} (${code})`)
  }
  if (taken.length > 0) {
    const hint = 'Another server holds it, perhaps this very game. Choose others with --port and --query-port.'
    return missing(name, `cannot be had: ${taken.join(', ')}`, hint, 'ports')
  }
  return fine(
    name,
    `${gamePort} for players, ${queryPort === undefined ? 'no query port (shared)' : `${queryPort} for queries`}`,
  )
}

async function tryTcp(port: number): Promise<string | undefined> {
  const server = createServer()
  try {
    server.listen({ port, exclusive: true })
    await once(server, 'listening')
    return undefined
  } catch (error) {
    return codeOf(error)
  } finally {
    server.close()
  }
}

async function tryUdp(port: number): Promise<string | undefined> {
  const socket = createSocket('udp4')
  try {
    socket.bind({ port, exclusive: true })
    await once(socket, 'listening')
    return undefined
  } catch (error) {
    return codeOf(error)
  } finally {
    socket.close()
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'failed'
}
