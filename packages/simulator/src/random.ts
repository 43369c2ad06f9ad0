/**
 * A stream of pseudo-random numbers, the same for the same seed. For simulations only: whoever sees a few
 * outputs can tell the rest.
 */
export interface Random {
  /** An integer from 0 to 4294967295. */
  uint32(): number
  /** An integer from `min` to `max`, both included. */
  integer(min: number, max: number): number
  bytes(length: number): Uint8Array
  /**
   * A stream of its own for a part of the simulation, so that what one account does leaves the bytes of
   * another as they were.
   */
  fork(label: string): Random
}

/** Makes a stream: xoshiro128** (Blackman, Vigna), its state filled by splitmix32 from seed and label. */
export function createRandom(seed: number, label = ''): Random {
  let filler = seed >>> 0
  for (let i = 0; i < label.length; i++) filler = Math.imul(filler ^ label.charCodeAt(i), 0x01000193) >>> 0
  const next = () => {
    filler = (filler + 0x9e3779b9) >>> 0
    let mixed = filler ^ (filler >>> 16)
    mixed = Math.imul(mixed, 0x21f0aaad)
    mixed ^= mixed >>> 15
    mixed = Math.imul(mixed, 0x735a2d97)
    return (mixed ^ (mixed >>> 15)) >>> 0
  }
  let [a, b, c, d] = [next(), next(), next(), next()]

  function uint32(): number {
    const product = Math.imul(b, 5)
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0
    const shifted = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = (d << 11) | (d >>> 21)
    return result
  }

  return {
    uint32,
    integer: (min, max) => min + Math.floor((uint32() / 0x1_0000_0000) * (max - min + 1)),
    bytes(length) {
      const bytes = new Uint8Array(length)
      for (let at = 0; at < length; at += 4) {
        const word = uint32()
        for (let i = 0; i < 4 && at + i < length; i++) bytes[at + i] = (word >>> (8 * i)) & 0xff
      }
      return bytes
    },
    fork: (name) => createRandom(seed, `${label}/${name}`),
  }
}
