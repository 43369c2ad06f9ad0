import assert from 'node:assert/strict'
import fc from 'fast-check'
import { playerId } from '../../../fixtures/fake-ticket.ts'
import { settle } from '../../../fixtures/virtual-clock.ts'
import { pick, type Step, step } from './command.ts'
import type { BeginCall } from './model.ts'
import type { Stage } from './stage.ts'

const players = [1, 2].map(playerId)
const player = fc.constantFrom(players[0]!, ...players)
const response = fc.constantFrom(0, 0, 0, 0, 3, 6, 42)
const index = fc.nat(7)

// --- what players and servers do ---

const begin = fc
  .record({ user: player, replace: fc.boolean(), response })
  .map(({ user, ...options }) =>
    step(`begin(${user}, ${JSON.stringify(options)})`, (_, stage) => stage.begin(user, options)),
  )

const abort = index.map((at) =>
  step(`abort(${at})`, ({ calls }) => {
    const pending = calls.filter(({ outcome }) => outcome === 'pending')
    const call = pick(pending, at)
    if (call === undefined) return
    call.isEndWanted = true
    call.controller.abort()
  }),
)

/** An abort of any call, those that are long over included: then nothing may happen. */
const lateAbort = index.map((at) =>
  step(`lateAbort(${at})`, ({ calls }, stage) => {
    const call = pick(
      calls.filter(({ outcome }) => outcome !== 'pending'),
      at,
    )
    const before = stage.authentication.activeSessions.size
    call?.controller.abort()
    assert.equal(stage.authentication.activeSessions.size, before)
  }),
)

const endUser = player.map((user) =>
  step(`endAuthSession(${user})`, ({ calls }, stage) => {
    for (const call of calls) if (call.user === user) call.isEndWanted = true
    const had = stage.authentication.activeSessions.has(user)
    const found = stage.authentication.endAuthSession(user)
    if (had) assert.equal(found, true)
    assert.equal(stage.authentication.activeSessions.has(user), false)
  }),
)

/** Of any session, those that ended long ago included: then nobody else's may end. */
const endSession = fc.tuple(index, fc.constantFrom('end', 'dispose')).map(([at, method]) =>
  step(`session.${method}(${at})`, (model, stage) => {
    const session = pick(stage.sessions, at)
    if (session === undefined) return
    model.callOf(session.fingerprint).isEndWanted = true
    const others = [...stage.authentication.activeSessions.values()].filter((each) => each !== session)
    if (method === 'end') session.end()
    else session[Symbol.dispose]()
    assert.equal(session.isEnded, true)
    for (const other of others) assert.equal(other.isEnded, false, 'another session ended')
  }),
)

const endAll = fc.constant(
  step('endAllSessions()', ({ calls }, stage) => {
    for (const call of calls) call.isEndWanted = true
    stage.endAll()
    assert.equal(stage.authentication.activeSessions.size, 0)
  }),
)

const advance = fc
  .constantFrom(50, 1_000, 15_000, 30_000, 60_000)
  .map((ms) => step(`advance(${ms})`, (_, stage) => stage.clock.advanceAsync(ms)))

// --- what Steam does ---

const answer = fc.tuple(index, fc.constantFrom('yes', 'yes', 'yes', 'no', 'fault', 'junk')).map(([at, how]) =>
  step(`answer(${at}, ${how})`, (model, stage) => {
    const question = pick(stage.backend.pendingBegins, at)
    if (question === undefined) return
    const call = model.callOf(question.request.ticket.fingerprint)
    if (how === 'no') question.refuse('ticket-invalid')
    else if (how === 'fault') question.fail(new Error('broken'))
    else if (how === 'junk') question.answer({ type: 'junk' } as never)
    else if (stage.backend.sessionModel === 'exclusive') question.begun()
    else {
      note(call)
      question.verdict({ response: call.response })
    }
  }),
)

/** A question answered while nothing else happens, so that what must follow is known. */
const calmAnswer = index.map((at) =>
  step(`calmAnswer(${at})`, async (model, stage) => {
    await settle()
    const question = pick(stage.backend.pendingBegins, at)
    if (question === undefined) return
    const call = model.callOf(question.request.ticket.fingerprint)
    if (stage.backend.sessionModel === 'exclusive') question.begun()
    else {
      const isIn = stage.authentication.activeSessions.has(call.user)
      const isWaiting = call.outcome === 'pending'
      note(call)
      question.verdict({ response: call.response })
      await settle()
      if (isWaiting) {
        assert.equal(call.outcome, call.response === 0 && (!isIn || call.replace) ? 'admitted' : 'refused')
      }
    }
    await settle()
  }),
)

/** A session open at Steam, its verdict still to come: where the trouble starts. */
const opened = fc.record({ user: player, replace: fc.boolean(), response }).map(({ user, ...options }) =>
  step(`opened(${user}, ${JSON.stringify(options)})`, async (_, stage) => {
    stage.begin(user, options)
    await settle()
    const question = stage.backend.begins.at(-1)
    if (question?.user === user && question.state === 'pending' && stage.backend.sessionModel === 'exclusive') {
      question.begun()
    }
  }),
)

/** The first verdict of the oldest session of a player that has not had one, also when it is long over. */
const verdict = player.map((user) =>
  step(`verdict(${user})`, async (model, stage) => {
    await settle()
    const call = model.nextVerdict(user, stage.clock.monotonicNow())
    if (call === undefined) return
    const mustAdmit = model.mustAdmit(call)
    note(call)
    stage.backend.sayVerdict(user, { response: call.response })
    await settle()
    if (mustAdmit) assert.equal(call.outcome, 'admitted', `${call.id} was not opened by its own verdict`)
  }),
)

/** A verdict that overtakes the answer to its begin. */
const earlyVerdict = index.map((at) =>
  step(`earlyVerdict(${at})`, (model, stage) => {
    const question = pick(stage.backend.pendingBegins, at)
    if (question === undefined || stage.backend.sessionModel === 'one-shot') return
    const call = model.callOf(question.request.ticket.fingerprint)
    // Steam sends in order: what is missing of earlier sessions will not come any more.
    for (const earlier of model.opened(call.user)) {
      if (earlier.verdict === 'outstanding') earlier.verdict = 'lost'
    }
    note(call)
    stage.backend.sayVerdict(call.user, { response: call.response })
    question.begun()
  }),
)

const loseVerdict = player.map((user) =>
  step(`loseVerdict(${user})`, (model, stage) => {
    const call = model.nextVerdict(user, stage.clock.monotonicNow())
    if (call !== undefined) call.verdict = 'lost'
  }),
)

/** One word more on the session that is open: good again, or taken back. */
const furtherVerdict = fc.tuple(player, response).map(([user, word]) =>
  step(`furtherVerdict(${user}, ${word})`, (model, stage) => {
    const session = stage.authentication.activeSessions.get(user)
    if (session === undefined) return
    if (word !== 0) model.callOf(session.fingerprint).badWords.push(word)
    stage.backend.sayVerdict(user, { response: word })
    assert.equal(session.isEnded, word !== 0)
    assert.equal(session.response, word)
  }),
)

/** A word on a player about whom nobody asks, or not any more. */
const strayVerdict = fc.tuple(fc.constantFrom(...players, playerId(99)), response).map(([user, word]) =>
  step(`strayVerdict(${user}, ${word})`, (model, stage) => {
    if (!model.isQuiet(user) || stage.authentication.activeSessions.has(user)) return
    const before = [stage.sessions.length, stage.ended.size, stage.backend.ends.length]
    stage.backend.sayVerdict(user, { response: word })
    assert.deepEqual([stage.sessions.length, stage.ended.size, stage.backend.ends.length], before)
  }),
)

/** Any verdict at any moment, with no regard to what Steam would do. */
const anyVerdict = fc
  .record({ user: player, response, owner: fc.constantFrom(undefined, playerId(7), 'junk') })
  .map(({ user, response: word, owner }) =>
    step(`anyVerdict(${user}, ${word}, ${owner})`, (_, stage) => sayAny(stage, user, word, owner)),
  )

function sayAny(stage: Stage, user: string, word: number, owner: string | undefined): void {
  const session = stage.authentication.activeSessions.get(user)
  const others = [...stage.authentication.activeSessions.values()].filter((each) => each !== session)
  stage.backend.sayVerdict(user, { response: word, ...(owner !== undefined && { ownerSteamId: owner }) })
  if (session !== undefined) assert.equal(session.isEnded, word !== 0)
  for (const other of others) assert.equal(other.isEnded, false, 'another player’s session ended')
}

/** The first verdict on a call goes out now. */
function note(call: BeginCall): void {
  call.verdict = 'said'
  if (call.response !== 0) call.badWords.push(call.response)
}

const behaviour = [begin, begin, begin, abort, lateAbort, endUser, endSession, advance, answer]

/** Steam keeps order: it says the first verdict on each session once, after that of the session before; late, or never. */
export const orderlySteps: readonly fc.Arbitrary<Step>[] = [
  ...behaviour,
  ...[opened, opened, opened, opened],
  ...[calmAnswer, calmAnswer, earlyVerdict],
  ...[endAll, endAll],
  ...[verdict, verdict, verdict, verdict, verdict, verdict],
  ...[loseVerdict, furtherVerdict, strayVerdict],
]

/** Steam keeps no order at all. */
export const chaoticSteps: readonly fc.Arbitrary<Step>[] = [
  ...behaviour,
  answer,
  answer,
  endAll,
  anyVerdict,
  anyVerdict,
  anyVerdict,
]
