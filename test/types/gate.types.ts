// Checked by the compiler alone, never run: what must not compile is marked, and a mark that is not needed
// is an error itself.

import {
  type Admission,
  type Backend,
  type Connection,
  createGate,
  type GateOptions,
  type Policy,
  type Refusal,
  transition,
} from '@ticketgate/core'

declare const backend: Backend
declare const connection: Connection
declare const admission: Admission

// --- options ---

createGate({ backend, identity: 'my-game', duplicates: { share: 2 }, renewOn: ['ticket-canceled'] })
createGate({ backend, identity: { name: 'my-game', secret: new Uint8Array(16) } })
// @ts-expect-error an identity must be chosen, if only the empty one
createGate({ backend })
// @ts-expect-error a misspelt code is found by the compiler
createGate({ backend, identity: '', renewOn: ['ticket-cancelled'] })
// @ts-expect-error sharing has a number
createGate({ backend, identity: '', duplicates: 'share' })
// @ts-expect-error app ids are numbers
createGate({ backend, identity: '', requiredLicenses: ['480'] })
// @ts-expect-error no limit is `false`, not `true`
createGate({ backend, identity: '', loginsPerPlayer: true })

declare const options: GateOptions
// @ts-expect-error options are read once; changing them later would do nothing
options.graceMs = 0

// --- policies ---

const agree: Policy = () => {}
const later: Policy = async ({ steamId, isBorrowed }, { signal }) =>
  signal.aborted || isBorrowed ? { code: 'no-borrowed', message: steamId } : undefined
// @ts-expect-error a yes or no is not an answer that a player could be told
const wrong: Policy = () => false
const meddling: Policy = (player) => {
  // @ts-expect-error who the player is was Steam's word
  player.steamId = '76561197960287930'
}
createGate({ backend, identity: '', policies: [agree, later, wrong, meddling] })

// --- events and answers ---

const gate = createGate({ backend, identity: '' })
gate.on('left', ({ clean, refusal }) => {
  const isClean: boolean = clean
  const why: Refusal | undefined = refusal
  return [isClean, why]
})
gate.on('admitted', (event) => {
  // @ts-expect-error tickets appear as fingerprints only
  return event.ticket
})
// @ts-expect-error there is no such event
gate.on('joined', () => {})

const outcome = await gate.authenticate('')
if (outcome.ok) outcome.attach(connection)
else outcome.code satisfies string
// @ts-expect-error a refusal has nothing to attach to
outcome.attach(connection)
// @ts-expect-error facts of an admission are Steam's
admission.steamId = '76561197960287930'

// --- the table ---

transition('admitted', 'dropped')?.effects satisfies readonly string[] | undefined
// @ts-expect-error only known states have a row
transition('lobby', 'dropped')
