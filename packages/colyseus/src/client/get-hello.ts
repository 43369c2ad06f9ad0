import {
  checkServerMessage,
  createRefusal,
  type HelloMessage,
  type Refusal,
  refusalFromBody,
} from '@ticketgate/core/client'

/** The part of the SDK's client that fetches. */
export interface HttpLike {
  // biome-ignore lint/suspicious/noExplicitAny: the SDK infers the types of its routes
  get(path: any): Promise<{ data: unknown }>
}

/** @internal Gets the server's hello: from a route of the game's server, an object, or a function. */
export async function getHello(
  hello: string | HelloMessage | (() => unknown),
  http: HttpLike,
): Promise<HelloMessage | Refusal> {
  let answer: unknown
  try {
    if (typeof hello === 'string') answer = (await http.get(hello)).data
    else answer = typeof hello === 'function' ? await hello() : hello
  } catch (error) {
    const told = refusalFromBody((error as { data?: unknown } | undefined)?.data)
    if (told !== undefined) return told
    const reason = error instanceof Error ? error.message.slice(0, 200) : 'it threw something that is no Error'
    return createRefusal('connection-lost', { detail: `getting the hello failed: ${reason}` })
  }
  const checked = checkServerMessage(answer)
  if (!checked.ok) return refusalFromBody(answer) ?? checked
  if (checked.message.ticketgate === 'hello') return checked.message
  return createRefusal('protocol-error', { detail: 'the server answered something else than hello' })
}
