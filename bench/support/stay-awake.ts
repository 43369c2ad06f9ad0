/**
 * Keeps this process from sleeping until the function it returns is called. Writing to a peer that sleeps costs the
 * writer the wake-up, ten to twenty microseconds on a virtual machine, so a load that waited for a slow server would
 * make each of that server's writes dearer than those of a fast one. Players are on other machines.
 */
export function stayAwake(): () => void {
  let isAwake = true
  function turn(): void {
    if (isAwake) setImmediate(turn)
  }
  turn()
  return () => {
    isAwake = false
  }
}
