import assert from 'node:assert/strict'
import {
  AuthSessionResponse,
  BackendError,
  BeginAuthSessionResult,
  type Code,
  codeFromAuthSessionResponse,
  codeFromBeginResult,
  codeFromCloseCode,
  codes,
  createRefusal,
  isBackendError,
  isCode,
  isRefusal,
  TicketgateError,
} from '@ticketgate/core'

const all = Object.keys(codes) as Code[]

describe('the code table', () => {
  it('has a close code of its own for each, from 4410 to 4479', () => {
    const closeCodes = all.map((code) => codes[code].closeCode)
    assert.equal(new Set(closeCodes).size, closeCodes.length)
    for (const closeCode of closeCodes) {
      assert.ok(Number.isInteger(closeCode) && closeCode >= 4410 && closeCode <= 4479, `${closeCode}`)
    }
  })

  for (const code of all) {
    it(`says what ${code} means`, () => {
      const { httpStatus, retryable, fault, text } = codes[code]
      assert.match(code, /^[a-z]+(-[a-z]+)*$/)
      assert.ok(httpStatus >= 400 && httpStatus <= 599)
      assert.equal(typeof retryable, 'boolean')
      assert.ok(['player', 'developer', 'operator', 'steam'].includes(fault))
      assert.match(text, /^[A-Z].{10,}\.$/)
      // A close reason has 123 bytes; the code and the text must leave JSON some room.
      assert.ok(text.length <= 120, `${text.length} characters`)
    })

    it(`finds ${code} again by its close code`, () => {
      assert.equal(codeFromCloseCode(codes[code].closeCode), code)
    })
  }

  it('cannot be changed', () => {
    assert.throws(() => Object.assign(codes, { kicked: undefined }), TypeError)
    assert.throws(() => Object.assign(codes.kicked, { retryable: true }), TypeError)
  })

  it('knows its own codes and no others', () => {
    for (const code of all) assert.equal(isCode(code), true)
    for (const other of ['', 'toString', '__proto__', 'constructor', 'Kicked', 4453, null, undefined, {}]) {
      assert.equal(isCode(other), false)
    }
    for (const closeCode of [0, 1000, 1006, 4000, 4409, 4480, Number.NaN, 4410.5]) {
      assert.equal(codeFromCloseCode(closeCode), undefined)
    }
  })
})

describe('codeFromAuthSessionResponse', () => {
  const expected: readonly [keyof typeof AuthSessionResponse, number, Code][] = [
    ['UserNotConnectedToSteam', 1, 'steam-offline'],
    ['NoLicenseOrExpired', 2, 'no-license'],
    ['VACBanned', 3, 'vac-banned'],
    ['LoggedInElseWhere', 4, 'logged-in-elsewhere'],
    ['VACCheckTimedOut', 5, 'vac-check-timed-out'],
    ['AuthTicketCanceled', 6, 'ticket-canceled'],
    ['AuthTicketInvalidAlreadyUsed', 7, 'ticket-already-used'],
    ['AuthTicketInvalid', 8, 'ticket-invalid'],
    ['PublisherIssuedBan', 9, 'publisher-banned'],
    ['AuthTicketNetworkIdentityFailure', 10, 'identity-mismatch'],
  ]

  for (const [name, response, code] of expected) {
    it(`turns ${response}, ${name}, into ${code}`, () => {
      assert.equal(AuthSessionResponse[name], response)
      assert.equal(codeFromAuthSessionResponse(response), code)
    })
  }

  it('has a row for every response of Steam’s header, and a code of its own for each', () => {
    assert.deepEqual(
      Object.values(AuthSessionResponse),
      Array.from({ length: 11 }, (_, response) => response),
    )
    assert.equal(new Set(expected.map(([, , code]) => code)).size, 10)
  })

  for (const response of [0, -1, 11, 255, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 32]) {
    it(`turns ${response} into unknown-response`, () => {
      assert.equal(codeFromAuthSessionResponse(response), 'unknown-response')
    })
  }
})

describe('codeFromBeginResult', () => {
  const expected: readonly [keyof typeof BeginAuthSessionResult, number, Code][] = [
    ['InvalidTicket', 1, 'ticket-invalid'],
    ['DuplicateRequest', 2, 'duplicate-request'],
    ['InvalidVersion', 3, 'ticket-version-unsupported'],
    ['GameMismatch', 4, 'ticket-wrong-app'],
    ['ExpiredTicket', 5, 'ticket-expired'],
  ]

  for (const [name, result, code] of expected) {
    it(`turns ${result}, ${name}, into ${code}`, () => {
      assert.equal(BeginAuthSessionResult[name], result)
      assert.equal(codeFromBeginResult(result), code)
    })
  }

  for (const result of [0, -1, 6, 99, 0.5, Number.NaN]) {
    it(`turns ${result} into unknown-response`, () => {
      assert.equal(codeFromBeginResult(result), 'unknown-response')
    })
  }
})

describe('createRefusal', () => {
  it('fills in the table’s row', () => {
    assert.deepEqual(createRefusal('kicked'), {
      ok: false,
      code: 'kicked',
      message: codes.kicked.text,
      retryable: false,
      fault: 'operator',
      closeCode: 4453,
      httpStatus: 403,
    })
  })

  it('carries what is said beside the code', () => {
    const cause = new Error('why')
    const refusal = createRefusal('policy-refused', {
      message: 'Clan members only.',
      customCode: 'clan-only',
      retryAfterMs: 12.2,
      detail: 'not in the clan',
      cause,
    })
    assert.equal(refusal.message, 'Clan members only.')
    assert.equal(refusal.customCode, 'clan-only')
    assert.equal(refusal.retryAfterMs, 13)
    assert.equal(refusal.detail, 'not in the clan')
    assert.equal(refusal.cause, cause)
  })

  it('never asks to wait for less than nothing', () => {
    assert.equal(createRefusal('kicked', { retryAfterMs: -5 }).retryAfterMs, 0)
  })

  it('leaves out what was not said', () => {
    assert.deepEqual(Object.keys(createRefusal('kicked', { message: undefined, detail: undefined })).toSorted(), [
      'closeCode',
      'code',
      'fault',
      'httpStatus',
      'message',
      'ok',
      'retryable',
    ])
  })

  it('gives what nobody can change', () => {
    for (const refusal of [createRefusal('kicked'), createRefusal('kicked', { detail: 'x' })]) {
      assert.throws(() => Object.assign(refusal, { ok: true }), TypeError)
    }
  })

  it('is recognised by shape', () => {
    assert.equal(isRefusal(createRefusal('kicked')), true)
    assert.equal(isRefusal({ ok: false, code: 'kicked' }), true)
    for (const other of [null, undefined, 'kicked', {}, { ok: true, code: 'kicked' }, { ok: false, code: 'x' }]) {
      assert.equal(isRefusal(other), false)
    }
  })
})

describe('errors', () => {
  it('carry code, name and cause', () => {
    const cause = new Error('why')
    const error = new TicketgateError('ERR_CLOSED', 'closed', { cause })
    assert.ok(error instanceof Error)
    assert.deepEqual(
      [error.name, error.code, error.message, error.cause],
      ['TicketgateError', 'ERR_CLOSED', 'closed', cause],
    )
  })

  it('of a backend say which refusal they mean and how long to wait', () => {
    const error = new BackendError('backend-throttled', 'slow down', { retryAfterMs: 500 })
    assert.ok(error instanceof TicketgateError)
    assert.deepEqual(
      [error.name, error.code, error.refusalCode, error.retryAfterMs],
      ['BackendError', 'ERR_BACKEND', 'backend-throttled', 500],
    )
    assert.equal(new BackendError('backend-unavailable', 'down').retryAfterMs, undefined)
  })

  it('of a backend are recognised across copies of the package', () => {
    assert.equal(isBackendError(new BackendError('backend-unavailable', 'down')), true)
    const foreign = Object.assign(new Error('down'), { code: 'ERR_BACKEND', refusalCode: 'backend-unavailable' })
    assert.equal(isBackendError(foreign), true)
    for (const other of [new Error('x'), new TicketgateError('ERR_BACKEND', 'x'), { code: 'ERR_BACKEND' }, null]) {
      assert.equal(isBackendError(other), false)
    }
  })
})
