const longMs = 2 ** 31 - 1

/**
 * Keeps this process alive until the returned function is called. The timers of a game server do not, so a program that
 * does nothing but wait for one would end in the middle of waiting.
 */
export function holdProcess(): () => void {
  const timer = setInterval(() => {}, longMs)
  return function releaseProcess() {
    clearInterval(timer)
  }
}
