/** Waits for SIGINT or SIGTERM, once; the second one ends the process as usual. */
export function untilSignal(): { readonly signal: Promise<NodeJS.Signals>; cancel(): void } {
  const signals = ['SIGINT', 'SIGTERM'] as const
  let cancel = (): void => {}
  const signal = new Promise<NodeJS.Signals>((resolve) => {
    const onSignal = (name: NodeJS.Signals): void => {
      cancel()
      resolve(name)
    }
    cancel = () => {
      for (const name of signals) process.removeListener(name, onSignal)
    }
    for (const name of signals) process.on(name, onSignal)
  })
  return { signal, cancel }
}
