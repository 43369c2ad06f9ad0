import type { GateDoor } from '@ticketgate/core'
import type { Server } from 'socket.io'
import { GuardedNamespace } from './guarded-namespace.ts'
import { createMiddleware } from './middleware.ts'
import { type GuardOptions, readOptions } from './options.ts'
import type { GuardedData } from './socket-data.ts'
import type { NamespaceParts, ServerParts } from './socket-parts.ts'
import { removeTicket } from './take-ticket.ts'

// biome-ignore lint/suspicious/noExplicitAny: socket.io's own bound of a map of events
type Events = Record<string, any>

/**
 * Puts a gate before a socket.io server: `connection` is emitted for those sockets only whose player the gate has
 * admitted. Call it before `use` and `on`, so that it comes before the application's own middlewares.
 *
 * @returns the same server, on which `socket.data.session` is typed.
 * @throws TypeError for options that make no sense, and for a namespace that another gate guards.
 *
 * @example
 * const io = guard(new Server(httpServer), gate)
 * io.on('connection', (socket) => console.log(socket.data.session.steamId))
 */
export function guard<Listen extends Events, Emit extends Events, ServerSide extends Events, Data>(
  io: Server<Listen, Emit, ServerSide, Data>,
  gate: GateDoor,
  options: GuardOptions = {},
): Server<Listen, Emit, ServerSide, GuardedData<Data>> {
  const server = io as unknown as ServerParts
  if (typeof server?.on !== 'function' || !(server._nsps instanceof Map)) {
    throw new TypeError('"io" must be a server of socket.io')
  }
  const settings = readOptions(gate, options)
  const middleware = createMiddleware(gate, settings)

  function guardNamespace(namespace: NamespaceParts): void {
    if (!settings.isGuarded(namespace.name)) {
      // A client's `auth` often goes to all its namespaces. Not in a middleware: another gate's may come behind.
      namespace.prependListener('connect', removeTicket)
      return
    }
    GuardedNamespace.of(namespace, gate, settings)
    namespace.use(middleware)
  }

  // Those that are there already, too: a namespace made one line above would otherwise stand open.
  for (const namespace of server._nsps.values()) guardNamespace(namespace)
  server.on('new_namespace', guardNamespace)
  return io as unknown as Server<Listen, Emit, ServerSide, GuardedData<Data>>
}
