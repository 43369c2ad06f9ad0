import type { WebFrameLike } from './electron.ts'

/** Why a frame may not ask; `undefined` when it may. */
export function objectionTo(frame: WebFrameLike | null, allowed: ReadonlySet<string>): string | undefined {
  if (frame === null) return 'its frame is gone'
  if (frame.parent !== null) return 'it is not the top frame'
  // Both must be right: a page in a sandbox has an allowed URL and no origin, a blank window the opener's origin.
  if (!allowed.has(originOf(frame.url) ?? '')) return 'its URL is not of an allowed origin'
  if (!allowed.has(frame.origin)) return 'its origin is not an allowed one; a scheme of your own must be "standard"'
  return undefined
}

/** Reads the option: origins as `scheme://host`, with a port if it is not the scheme's own, or `file://`. */
export function readOrigins(value: unknown): ReadonlySet<string> {
  if (!Array.isArray(value) || value.length === 0) {
    throw new TypeError('"allowedOrigins" must name at least one origin, such as "app://game"')
  }
  for (const origin of value) {
    if (typeof origin !== 'string' || originOf(origin) !== origin) {
      throw new TypeError(
        `"allowedOrigins" must hold origins, such as "app://game" or "https://play.example", got ${String(origin).slice(0, 100)}`,
      )
    }
  }
  return new Set(value as string[])
}

/** `URL.origin` is "null" for schemes of one's own, so it is put together here. */
function originOf(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined
  const { protocol, host } = new URL(url)
  return host !== '' || protocol === 'file:' ? `${protocol}//${host}` : undefined
}
