import assert from 'node:assert/strict'
import { type Effect, type Event, type State, type Transition, transition, transitions } from '@ticketgate/core'
import fc from 'fast-check'

const states = Object.keys(transitions) as State[]
const events: readonly Event[] = [
  'ticket',
  'accepted',
  'reserved',
  'failed',
  'attached',
  'timeout',
  'junk',
  'left',
  'dropped',
  'renewal',
  'renewed',
  'excused',
  'revoked',
]
/** Order in which a runner may rely on effects to come. */
const effects: readonly Effect[] = [
  'verify',
  'abort',
  'reserve',
  'admit',
  'ask',
  'settle',
  'refuse',
  'forget',
  'confirm',
  'wait',
  'end',
  'release',
]
const beforeAdmission: readonly State[] = ['waiting', 'verifying']
const connected: readonly State[] = ['admitted', 'renewing', 'reverifying']

interface Step {
  readonly from: State
  readonly event: Event
  readonly found: Transition
}

/** What happens to one connection when these events come in this order. */
function walk(sequence: readonly Event[], from: State = 'waiting'): { steps: Step[]; state: State } {
  const steps: Step[] = []
  let state = from
  for (const event of sequence) {
    const found = transition(state, event)
    if (found === undefined) continue
    steps.push({ from: state, event, found })
    state = found.to
  }
  return { steps, state }
}

function count(steps: readonly Step[], ...wanted: Effect[]): number {
  return steps.flatMap(({ found }) => found.effects).filter((effect) => wanted.includes(effect)).length
}

const sequences = fc.array(fc.constantFrom(...events), { maxLength: 40 })

describe('transition', () => {
  it('answers every pair of state and event with a known state and known effects, or with nothing', () => {
    for (const state of states) {
      for (const event of events) {
        const found = transition(state, event)
        if (found === undefined) continue
        assert.ok(states.includes(found.to), `${state} ${event}`)
        for (const effect of found.effects) assert.ok(effects.includes(effect), `${state} ${event}`)
        assert.equal(new Set(found.effects).size, found.effects.length, `${state} ${event}`)
      }
    }
  })

  it('knows no event beside those', () => {
    for (const row of Object.values(transitions)) {
      for (const event of Object.keys(row)) assert.ok(events.includes(event as Event), event)
    }
  })

  it('cannot be changed', () => {
    assert.ok(Object.isFrozen(transitions))
    for (const row of Object.values(transitions)) {
      assert.ok(Object.isFrozen(row))
      for (const cell of Object.values(row)) assert.ok(Object.isFrozen(cell) && Object.isFrozen(cell.effects))
    }
  })

  it('leaves the end to nobody', () => {
    for (const event of events) assert.equal(transition('ended', event), undefined)
  })

  it('ends from every state when the gate takes it back or the player leaves', () => {
    for (const state of states) {
      if (state === 'ended') continue
      assert.equal(transition(state, 'revoked')?.to, 'ended', state)
      assert.equal(transition(state, 'left')?.to, 'ended', state)
    }
  })

  it('lets no state but `admitted` last without a deadline', () => {
    for (const state of states) {
      if (state === 'ended') continue
      assert.equal(transition(state, 'timeout') !== undefined, state !== 'admitted', state)
    }
  })

  it('admits by the two ways in and by the way back, and by no other', () => {
    const admitting = states.flatMap((state) =>
      events.filter((event) => transition(state, event)?.effects.includes('admit')).map((event) => `${state} ${event}`),
    )
    assert.deepEqual(admitting, ['verifying accepted', 'reserved attached', 'away attached'])
  })

  it('has a connection in exactly the states after `admit` or `confirm` until `wait`, `end` or `release`', () => {
    fc.assert(
      fc.property(sequences, (sequence) => {
        let isConnected = false
        for (const { found } of walk(sequence).steps) {
          for (const effect of found.effects) {
            if (effect === 'admit') isConnected = true
            if (effect === 'wait' || effect === 'end' || effect === 'release') isConnected = false
            if (effect === 'confirm' || effect === 'ask') assert.ok(isConnected)
          }
          assert.equal(connected.includes(found.to), isConnected)
        }
      }),
    )
  })

  it('refuses and forgets before admission only, and at most once', () => {
    fc.assert(
      fc.property(sequences, (sequence) => {
        const { steps } = walk(sequence)
        for (const { from, found } of steps) {
          if (found.effects.includes('refuse') || found.effects.includes('forget')) {
            assert.ok(beforeAdmission.includes(from))
            assert.equal(found.to, 'ended')
          }
        }
        assert.ok(count(steps, 'refuse', 'forget') <= 1)
      }),
    )
  })

  it('gives every place up exactly once, and none that was not given', () => {
    fc.assert(
      fc.property(sequences, (sequence) => {
        const { steps, state } = walk(sequence)
        const given = steps.some(({ found }) => found.effects.includes('admit') || found.effects.includes('reserve'))
        assert.equal(count(steps, 'end', 'release'), given && state === 'ended' ? 1 : 0)
        if (given) assert.equal(count(steps, 'refuse', 'forget'), 0)
        else if (state === 'ended') assert.equal(count(steps, 'refuse', 'forget'), 1)
      }),
    )
  })

  it('admits once for each time the place is taken', () => {
    fc.assert(
      fc.property(sequences, (sequence) => {
        const { steps } = walk(sequence)
        const taken = steps.filter(
          ({ from, event }) => event === 'attached' || (from === 'verifying' && event === 'accepted'),
        )
        assert.equal(count(steps, 'admit'), taken.length)
      }),
    )
  })

  it('answers every `ask` with one `settle`', () => {
    fc.assert(
      fc.property(sequences, (sequence) => {
        const { steps, state } = walk(sequence)
        const isOpen = state === 'renewing' || state === 'reverifying'
        assert.equal(count(steps, 'settle'), count(steps, 'ask') - (isOpen ? 1 : 0))
      }),
    )
  })

  it('aborts a verification exactly when something else than its result ends it', () => {
    for (const state of ['verifying', 'reverifying'] as const) {
      for (const event of events) {
        const found = transition(state, event)
        if (found === undefined) continue
        const isResult = ['accepted', 'reserved', 'failed', 'excused'].includes(event)
        assert.equal(found.effects.includes('abort'), !isResult, `${state} ${event}`)
      }
    }
  })

  it('reaches every state and the end of each from where a connection begins', () => {
    const reached = new Set<State>(['waiting'])
    for (const state of reached) {
      for (const event of events) {
        const found = transition(state, event)
        if (found !== undefined) reached.add(found.to)
      }
    }
    assert.deepEqual(new Set(states), reached)
  })
})
