import assert, { deepEqual, equal } from 'node:assert/strict'
import { whenCanceled } from '@ticketgate/core'
import sinon from 'sinon'
import { CancelableCall } from '../../../packages/core/src/ports/cancellation.ts'

describe('A call that can be given up', () => {
  const ways: readonly [string, () => { told: (listener: () => void) => () => void; cancel: () => void }][] = [
    [
      'a gate',
      () => {
        const call = new CancelableCall()
        return { told: (listener) => whenCanceled(call, listener), cancel: () => call.cancel() }
      },
    ],
    [
      'a caller with a signal',
      () => {
        const controller = new AbortController()
        const { signal } = controller
        return { told: (listener) => whenCanceled({ signal }, listener), cancel: () => controller.abort() }
      },
    ],
  ]
  for (const [who, create] of ways) {
    describe(`by ${who}`, () => {
      it('tells each listener once', () => {
        const { told, cancel } = create()
        const [first, second] = [sinon.spy(), sinon.spy()]
        told(first)
        told(second)
        sinon.assert.notCalled(first)
        cancel()
        cancel()
        sinon.assert.calledOnce(first)
        sinon.assert.calledOnce(second)
      })

      it('tells nobody who has stopped listening', () => {
        const { told, cancel } = create()
        const [gone, there] = [sinon.spy(), sinon.spy()]
        const stop = told(gone)
        told(there)
        stop()
        stop()
        cancel()
        sinon.assert.notCalled(gone)
        sinon.assert.calledOnce(there)
      })

      it('tells at once who comes too late', () => {
        const { told, cancel } = create()
        cancel()
        const late = sinon.spy()
        told(late)()
        sinon.assert.calledOnce(late)
      })
    })
  }

  it('has a signal for whoever asks for one, before or after', () => {
    const before = new CancelableCall()
    const { signal } = before
    equal(signal.aborted, false)
    before.cancel()
    equal(signal.aborted, true)
    equal(before.signal, signal)

    const after = new CancelableCall()
    after.cancel()
    equal(after.signal.aborted, true)
  })

  it('has told its listeners when its signal aborts', () => {
    const call = new CancelableCall()
    const told: string[] = []
    call.signal.addEventListener('abort', () => told.push('signal'))
    call.onCancel(() => told.push('listener'))
    call.cancel()
    deepEqual(told, ['listener', 'signal'])
  })

  it('tells the others when a listener throws, and leaves the error to the platform', async () => {
    const call = new CancelableCall()
    const other = sinon.spy()
    const uncaught = sinon.stub(globalThis, 'queueMicrotask')
    try {
      call.onCancel(() => {
        throw new Error('broken')
      })
      call.onCancel(other)
      call.cancel()
      sinon.assert.calledOnce(other)
      assert.throws(uncaught.firstCall.args[0], /broken/)
    } finally {
      uncaught.restore()
    }
  })

  it('does not tell whom another listener has stopped', () => {
    const call = new CancelableCall()
    const stopped = sinon.spy()
    call.onCancel(() => stop())
    const stop = call.onCancel(stopped)
    call.cancel()
    sinon.assert.notCalled(stopped)
  })

  it('is nothing to wait for where nobody says so', () => {
    const listener = sinon.spy()
    whenCanceled(undefined, listener)()
    whenCanceled({}, listener)()
    sinon.assert.notCalled(listener)
  })

  it('makes no AbortController for who only listens', () => {
    const made = sinon.replace(globalThis, 'AbortController', sinon.fake() as unknown as typeof AbortController)
    try {
      const call = new CancelableCall()
      call.onCancel(() => {})
      call.cancel()
      sinon.assert.notCalled(made as unknown as sinon.SinonSpy)
    } finally {
      sinon.restore()
    }
  })
})
