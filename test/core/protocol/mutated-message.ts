import { readFileSync } from 'node:fs'
import fc from 'fast-check'

interface Vector {
  readonly text: string
}
type Side = { readonly valid: Vector[]; readonly invalid: Vector[] }
const vectors = JSON.parse(readFileSync(new URL('../../../docs/protocol-vectors.json', import.meta.url), 'utf8')) as {
  readonly client: Side
  readonly server: Side
}

const texts = [vectors.client, vectors.server]
  .flatMap(({ valid, invalid }) => [...valid, ...invalid])
  .map(({ text }) => text)

/** Any of the published vectors, with bytes replaced, cut out, put in, or nothing like them at all. */
export const mutatedMessage: fc.Arbitrary<string | Uint8Array> = fc.oneof(
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 64 }) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 64 }) },
  { weight: 1, arbitrary: fc.json() },
  {
    weight: 6,
    arbitrary: fc
      .tuple(
        fc.constantFrom(...texts),
        fc.array(
          fc.tuple(
            fc.nat(400),
            fc.nat(8),
            fc.constantFrom('', '"', '{', '}', ',', ':', '0', '-1', 'null', '\\u0000', '€', '\ud800', '[[', 'e9'),
          ),
          { maxLength: 3 },
        ),
        fc.boolean(),
      )
      .map(([text, edits, asBytes]) => {
        let mutated = text
        for (const [at, cut, insert] of edits) {
          const index = mutated.length === 0 ? 0 : at % mutated.length
          mutated = mutated.slice(0, index) + insert + mutated.slice(index + cut)
        }
        return asBytes ? new TextEncoder().encode(mutated) : mutated
      }),
  },
)
