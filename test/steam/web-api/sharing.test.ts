import assert from 'node:assert/strict'
import { backendFor, begin, good, html, newTicket, StubSteam, turns } from './support.ts'

describe('steamWebApi: several begins of one ticket', () => {
  it('share one request and its answer', async () => {
    await using stub = await StubSteam.listen()
    const backend = backendFor(stub)
    const ticket = newTicket()
    const answers = await Promise.all([1, 2, 3].map(() => begin(backend, { ticket })))
    assert.equal(stub.requests.length, 1)
    assert.deepEqual(
      answers.map(({ type }) => type),
      ['verdict', 'verdict', 'verdict'],
    )
    await begin(backend, { ticket })
    assert.equal(stub.requests.length, 2)
    await backend.close()
  })

  it('share a failure, each with an error of its own', async () => {
    await using stub = await StubSteam.listen(html(403))
    const backend = backendFor(stub)
    const ticket = newTicket()
    const [one, other] = await Promise.allSettled([begin(backend, { ticket }), begin(backend, { ticket })])
    assert.equal(stub.requests.length, 1)
    assert.equal(one!.status, 'rejected')
    assert.equal(other!.status, 'rejected')
    assert.notEqual((one as PromiseRejectedResult).reason, (other as PromiseRejectedResult).reason)
    await backend.close()
  })

  it('do not share across identities or tickets', async () => {
    await using stub = await StubSteam.listen()
    const backend = backendFor(stub)
    const ticket = newTicket()
    await Promise.all([
      begin(backend, { ticket, identity: 'one' }),
      begin(backend, { ticket, identity: 'two' }),
      begin(backend, { ticket: newTicket(), identity: 'one' }),
    ])
    assert.equal(stub.requests.length, 3)
    await backend.close()
  })

  it('go on for the others when one leaves', async () => {
    await using stub = await StubSteam.listen('hang')
    const backend = backendFor(stub)
    const ticket = newTicket()
    const leaver = new AbortController()
    const left = begin(backend, { ticket, signal: leaver.signal })
    const staying = begin(backend, { ticket, signal: new AbortController().signal })
    const unconditional = begin(backend, { ticket })
    await stub.received(1)
    leaver.abort(new Error('gone'))
    await assert.rejects(left, /gone/)
    assert.equal(stub.dropped, 0)
    const failed = Promise.allSettled([staying, unconditional])
    await backend.close()
    for (const each of await failed) assert.equal((each as PromiseRejectedResult).reason.code, 'ERR_CLOSED')
  })

  it('drop the request when all have left, and the next one asks anew', async () => {
    await using stub = await StubSteam.listen(['hang', good()])
    const backend = backendFor(stub)
    const ticket = newTicket()
    const leavers = [new AbortController(), new AbortController()]
    const left = leavers.map(({ signal }) => begin(backend, { ticket, signal }))
    await stub.received(1)
    for (const leaver of leavers) leaver.abort(new Error('gone'))
    const next = begin(backend, { ticket })
    for (const each of left) await assert.rejects(each, /gone/)
    assert.equal((await next).type, 'verdict')
    assert.equal(stub.requests.length, 2)
    while (stub.dropped === 0) await turns(1)
    await backend.close()
  })

  it('take the word of whoever leaves, and ask for no signal', async () => {
    await using stub = await StubSteam.listen([good(), 'hang'])
    const backend = backendFor(stub)
    const listeners = new Set<() => void>()
    const cancellation = {
      onCancel(listener: () => void) {
        listeners.add(listener)
        return () => void listeners.delete(listener)
      },
      get signal(): undefined {
        signalsRead++
        return undefined
      },
    }
    let signalsRead = 0
    const ask = () => {
      const ticket = backend.inspectTicket!(newTicket())
      return backend.beginAuthSession!({ ticket, steamId: ticket.steamId!, identity: 'my-game' }, cancellation)
    }
    assert.equal((await ask()).type, 'verdict')
    assert.equal(listeners.size, 0)
    assert.equal(signalsRead, 0)
    const left = ask()
    await stub.received(2)
    for (const listener of listeners) listener()
    await assert.rejects(left, /nobody waits/)
    while (stub.dropped === 0) await turns(1)
    await backend.close()
  })

  it('ask nothing for a signal that has aborted before', async () => {
    await using stub = await StubSteam.listen()
    const backend = backendFor(stub)
    await assert.rejects(begin(backend, { signal: AbortSignal.abort(new Error('too late')) }), /too late/)
    assert.equal(stub.requests.length, 0)
    await backend.close()
  })

  it('follow nobody who left in the moment of the answer', async () => {
    await using stub = await StubSteam.listen()
    const backend = backendFor(stub)
    const ticket = backend.inspectTicket!(newTicket())
    for (let round = 0; round < 20; round++) {
      const leaver = new AbortController()
      const left = begin(backend, { ticket, signal: leaver.signal }).then(
        () => 'answered',
        () => 'left',
      )
      await stub.received(round + 1)
      await turns(round)
      leaver.abort()
      // The stub's good answer is none about ownership: whoever is followed is asked about, and that fails.
      const license = await Promise.resolve(backend.userHasLicenseForApp!(ticket.steamId!, 480)).catch(() => 'followed')
      assert.equal(license === 2 ? 'left' : 'answered', await left)
      backend.endAuthSession!(ticket.steamId!)
      stub.requests.length = round + 1
    }
    await backend.close()
  })
})
