import assert from 'node:assert/strict'
import { isCleanClose } from '@ticketgate/core'

describe('isCleanClose', () => {
  it('tells leaving from dropping', () => {
    for (const code of [1000, 1001, 1005, 3000, 4000, 4999]) assert.ok(isCleanClose(code), String(code))
    for (const code of [1002, 1003, 1006, 1007, 1008, 1009, 1011, 1012, 1013]) {
      assert.ok(!isCleanClose(code), String(code))
    }
  })
})
