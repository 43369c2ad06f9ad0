import assert from 'node:assert/strict'
import { Emitter } from '@ticketgate/core'
import sinon from 'sinon'

interface Events {
  joined: { readonly name: string }
  left: string
}

describe('Emitter', () => {
  let emitter: Emitter<Events>

  beforeEach(() => {
    emitter = new Emitter()
  })

  it('tells every listener of the event, in the order in which they came, and no other', () => {
    const told: string[] = []
    emitter.on('joined', ({ name }) => told.push(`1 ${name}`))
    emitter.on('left', () => told.push('left'))
    emitter.on('joined', ({ name }) => told.push(`2 ${name}`))
    emitter.emit('joined', { name: 'Ada' })
    assert.deepEqual(told, ['1 Ada', '2 Ada'])
  })

  it('says nothing when nobody listens', () => {
    emitter.emit('left', 'Ada')
  })

  it('treats one function added twice as two listeners with two ends', () => {
    const listener = sinon.spy()
    const removeFirst = emitter.on('left', listener)
    const removeSecond = emitter.on('left', listener)
    emitter.emit('left', 'Ada')
    assert.equal(listener.callCount, 2)
    removeFirst()
    removeFirst()
    emitter.emit('left', 'Ada')
    assert.equal(listener.callCount, 3)
    removeSecond()
    emitter.emit('left', 'Ada')
    assert.equal(listener.callCount, 3)
  })

  it('knows whether anybody listens', () => {
    assert.equal(emitter.has('left'), false)
    const remove = emitter.on('left', () => {})
    assert.equal(emitter.has('left'), true)
    assert.equal(emitter.has('joined'), false)
    remove()
    assert.equal(emitter.has('left'), false)
  })

  it('tells those who listen at the moment of the event: who comes during it waits for the next', () => {
    const late = sinon.spy()
    emitter.on('left', () => emitter.on('left', late))
    emitter.emit('left', 'Ada')
    sinon.assert.notCalled(late)
    emitter.emit('left', 'Ada')
    sinon.assert.calledOnce(late)
  })

  it('goes on when a listener throws, and lets the platform report the error', () => {
    const queued = sinon.stub(globalThis, 'queueMicrotask')
    try {
      const errors = [new Error('first'), new Error('second')]
      const last = sinon.spy()
      for (const error of errors) {
        emitter.on('left', () => {
          throw error
        })
      }
      emitter.on('left', last)
      emitter.emit('left', 'Ada')
      sinon.assert.calledOnceWithExactly(last, 'Ada')
      assert.equal(queued.callCount, 2)
      for (const [index, error] of errors.entries()) {
        assert.throws(() => queued.args[index]![0](), error)
      }
    } finally {
      queued.restore()
    }
  })

  it('forgets all', () => {
    const listener = sinon.spy()
    emitter.on('left', listener)
    emitter.clear()
    emitter.emit('left', 'Ada')
    sinon.assert.notCalled(listener)
    assert.equal(emitter.has('left'), false)
  })

  it('takes names that every object has', () => {
    const odd = new Emitter<{ constructor: number; toString: number }>()
    const listener = sinon.spy()
    odd.emit('constructor', 1)
    odd.on('toString', listener)
    odd.emit('toString', 2)
    sinon.assert.calledOnceWithExactly(listener, 2)
  })
})
