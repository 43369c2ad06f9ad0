import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { encodeMessage, parseClientMessage, parseServerMessage, type ServerMessage } from '@ticketgate/core'

interface Vector {
  readonly name: string
  readonly text: string
  readonly maxBytes?: number
  readonly message?: ServerMessage
  readonly code?: string
}

interface Vectors {
  readonly client: { readonly valid: Vector[]; readonly invalid: Vector[] }
  readonly server: { readonly valid: Vector[]; readonly invalid: Vector[] }
}

const vectors = JSON.parse(
  readFileSync(new URL('../../../docs/protocol-vectors.json', import.meta.url), 'utf8'),
) as Vectors
const encoder = new TextEncoder()

const parsers = {
  client: (data: string | Uint8Array, maxBytes = 24_576) => parseClientMessage(data, maxBytes),
  server: (data: string | Uint8Array, maxBytes?: number) => parseServerMessage(data, maxBytes),
}

describe('the protocol vectors', () => {
  for (const side of ['client', 'server'] as const) {
    describe(`messages of the ${side}`, () => {
      for (const { name, text, maxBytes, message } of vectors[side].valid) {
        it(`accepts ${name}, as text and as bytes`, () => {
          for (const data of [text, encoder.encode(text)]) {
            assert.deepEqual(parsers[side](data, maxBytes), { ok: true, message })
          }
        })

        it(`reads ${name} again from its canonical form`, () => {
          assert.deepEqual(parsers[side](encodeMessage(message!)), { ok: true, message })
        })
      }

      for (const { name, text, maxBytes, code } of vectors[side].invalid) {
        it(`refuses ${name} with ${code}`, () => {
          for (const data of [text, encoder.encode(text)]) {
            const refusal = parsers[side](data, maxBytes)
            assert.equal(refusal.ok ? 'accepted' : refusal.code, code)
          }
        })
      }
    })
  }
})
