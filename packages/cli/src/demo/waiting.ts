import type { Gate, GateEvents } from '@ticketgate/core'

/** The next event of a gate that fits. */
export function nextEvent<Name extends keyof GateEvents>(
  gate: Gate,
  name: Name,
  fits: (event: GateEvents[Name]) => boolean = () => true,
): Promise<GateEvents[Name]> {
  return new Promise((resolve) => {
    const stop = gate.on(name, (event) => {
      if (!fits(event)) return
      stop()
      resolve(event)
    })
  })
}

/** Rejects when a promise takes longer. */
export async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  try {
    return await Promise.race([
      promise,
      new Promise<never>((_resolve, reject) => {
        timer = setTimeout(() => reject(new Error(`nothing came within ${ms / 1000} s`)), ms)
      }),
    ])
  } finally {
    clearTimeout(timer)
  }
}

/** Waits for what no event tells. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5))
}
