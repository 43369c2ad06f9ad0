import assert from 'node:assert/strict'
import {
  checkServerMessage,
  checkTicketMessage,
  codes,
  createRefusal,
  encodeMessage,
  isTicketgateMessage,
  parseClientMessage,
  type RefusedMessage,
  refusalFromBody,
  refusalFromClose,
  type TicketMessage,
  toEndedMessage,
  toRefusal,
  toRefusalBody,
  toRefusedMessage,
} from '@ticketgate/core'
import fc from 'fast-check'

const ticket: TicketMessage = { ticketgate: 'ticket', kind: 'webapi', appId: 480, data: 'FAAAAA' }

describe('parseClientMessage', () => {
  it('refuses bytes that are not UTF-8', () => {
    const bytes = new TextEncoder().encode(encodeMessage(ticket))
    bytes[bytes.indexOf(0x46)] = 0xff
    const refusal = parseClientMessage(bytes, 1000)
    assert.equal(refusal.ok ? 'accepted' : refusal.code, 'protocol-error')
  })

  it('refuses what is too long without reading it', () => {
    const unreadable = { length: 1001 } as Uint8Array
    const refusal = parseClientMessage(unreadable, 1000)
    assert.equal(refusal.ok ? 'accepted' : refusal.code, 'message-too-large')
  })

  it('refuses objects nested as deep as the bytes allow', () => {
    const text = `{"ticketgate":"ticket","data":${'['.repeat(12_000)}${']'.repeat(12_000)}}`
    const refusal = parseClientMessage(text, 24_576)
    assert.equal(refusal.ok ? 'accepted' : refusal.code, 'protocol-error')
  })

  it('takes the same message out of the canonical text as out of any other of the same meaning', () => {
    const text = fc.oneof(fc.string({ minLength: 1 }), fc.stringMatching(/^[0-9a-f]{2,40}$/), fc.constant('a\\u0041"'))
    const message = fc.record(
      {
        kind: fc.constantFrom('webapi', 'session', 'encrypted', 'pass', 'Webapi', ''),
        appId: fc.oneof(fc.nat(), fc.constantFrom(-1, 0.5, 4_294_967_295, 4_294_967_296, 1e21)),
        data: text,
        identity: fc.oneof(fc.stringMatching(/^[\w.:-]{0,70}$/), text),
      },
      { requiredKeys: ['kind', 'appId', 'data'] },
    )
    fc.assert(
      fc.property(message, ({ kind, appId, data, ...rest }) => {
        const canonical = JSON.stringify({ ticketgate: 'ticket', kind, appId, data, ...rest })
        const other = JSON.stringify({ ticketgate: 'ticket', ...rest, data, appId, kind, extra: 1 })
        assert.deepEqual(parseClientMessage(canonical, 1000), parseClientMessage(other, 1000))
      }),
    )
  })

  it('takes no message out of a text that only begins and ends like a canonical one', () => {
    const refused = [
      '{"ticketgate":"ticket","kind":"webapi","appId":480,"data":"ab","data":"cd","x":1"}',
      '{"ticketgate":"ticket","kind":"webapi","appId":480,"data":"ab"x"}',
      '{"ticketgate":"ticket","kind":"webapi","appId":480,"data":"ab","identity":"a"b"}',
      '{"ticketgate":"ticket","kind":"webapi","appId":0480,"data":"ab"}',
      '{"ticketgate":"ticket","kind":"webapi","appId":"480","data":"ab"}',
      '{"ticketgate":"ticket","kind":"webapi","appId":480,"data":"ab\n"}',
      '{"ticketgate":"ticket","kind":"webapi","appId":480,"data":"ab","identity":"}',
      '{"ticketgate":"ticket","kind":"webapi","appId":480,"data":"ab\u0000","identity":"a"}',
      '{"ticketgate":"ticket","kind":"webapi","appId":480,"data":"ab',
      '{"ticketgate":"ticket","kind":"webapi',
      '{"ticketgate":"ticket","kind":"',
    ]
    for (const text of refused) {
      const parsed = parseClientMessage(text, 1000)
      assert.equal(parsed.ok ? 'accepted' : parsed.code, 'protocol-error', text)
    }
  })

  it('reads a Buffer of Node as it reads any bytes, ASCII or not', () => {
    const text = encodeMessage({ ...ticket, identity: 'my-game' })
    const change = fc.record({ at: fc.nat(text.length - 1), byte: fc.nat(255) })
    fc.assert(
      fc.property(fc.array(change, { maxLength: 3 }), (changes) => {
        const bytes = new TextEncoder().encode(text)
        for (const { at, byte } of changes) bytes[at] = byte
        assert.deepEqual(parseClientMessage(Buffer.from(bytes), 1000), parseClientMessage(bytes, 1000))
      }),
    )
  })

  it('takes no byte beyond ASCII for the ASCII below it', () => {
    const bytes = Buffer.from(encodeMessage({ ...ticket, identity: 'my-game' }))
    for (let index = 0; index < bytes.length; index++) {
      const changed = Buffer.from(bytes)
      changed[index]! |= 0x80
      const parsed = parseClientMessage(changed, 1000)
      assert.equal(parsed.ok ? 'accepted' : parsed.code, 'protocol-error', `byte ${index}`)
    }
  })

  it('tells nothing of the input in its refusals', () => {
    for (const text of ['{"ticketgate":"ticket","data":"SECRET', '{"ticketgate":"SECRET"}', 'SECRET']) {
      assert.ok(!JSON.stringify(parseClientMessage(text, 1000)).includes('SECRET'))
    }
  })
})

describe('checkTicketMessage', () => {
  const refused: [string, unknown, string][] = [
    ['undefined', undefined, 'ticket-missing'],
    ['null', null, 'ticket-missing'],
    ['an empty string', '', 'ticket-missing'],
    ['an empty object', {}, 'ticket-missing'],
    ['a payload for somebody else', { token: 'abc' }, 'ticket-missing'],
    ['a string', 'ticket', 'protocol-error'],
    ['a number', 1, 'protocol-error'],
    ['an array', [ticket], 'protocol-error'],
    ['an inherited message', Object.create(ticket), 'ticket-missing'],
    ['bytes as data', { ...ticket, data: new Uint8Array(4) }, 'protocol-error'],
    ['a bigint as app', { ...ticket, appId: 480n }, 'protocol-error'],
    ['a String object as kind', { ...ticket, kind: Object('webapi') }, 'protocol-error'],
    [
      'a getter that throws',
      Object.defineProperty({ ...ticket }, 'data', {
        get() {
          throw new Error('no')
        },
      }),
      'protocol-error',
    ],
    [
      'a proxy that throws',
      new Proxy(
        {},
        {
          getOwnPropertyDescriptor() {
            throw new Error('no')
          },
        },
      ),
      'protocol-error',
    ],
  ]
  for (const [name, value, code] of refused) {
    it(`refuses ${name} with ${code}`, () => {
      const refusal = checkTicketMessage(value)
      assert.equal(refusal.ok ? 'accepted' : refusal.code, code)
    })
  }

  it('answers with a new object of known fields', () => {
    const value = { ...ticket, extra: 1 }
    const checked = checkTicketMessage(value)
    assert.deepEqual(checked, { ok: true, message: ticket })
    assert.notEqual(checked.ok && checked.message, value)
  })

  it('bounds the data', () => {
    const refusal = checkTicketMessage({ ...ticket, data: 'a'.repeat(11) }, 10)
    assert.equal(refusal.ok ? 'accepted' : refusal.code, 'message-too-large')
  })

  it('is total on any value', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withNullPrototype: true, withTypedArray: true }), (value) => {
        assert.equal(checkTicketMessage(value).ok, false)
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('parseServerMessage', () => {
  it('is total on any value', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        assert.equal(checkServerMessage(value).ok, false)
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('encodeMessage', () => {
  it('puts the mark first, whatever the order of the fields', () => {
    const message: TicketMessage = { data: 'AA', appId: 1, kind: 'session', ticketgate: 'ticket' }
    assert.equal(encodeMessage(message), '{"ticketgate":"ticket","data":"AA","appId":1,"kind":"session"}')
  })

  it('writes admitted in its canonical form, whatever stands in it', () => {
    const text = fc.oneof(fc.stringMatching(/^[\w-]{0,30}$/), fc.string({ unit: 'binary' }))
    const message = fc.record({ steamId: text, ownerSteamId: text, session: text, renewable: fc.boolean() })
    fc.assert(
      fc.property(message, ({ steamId, ownerSteamId, session, renewable }) => {
        const canonical = { ticketgate: 'admitted', steamId, ownerSteamId, session, renewable } as const
        const mixed = { renewable, session, ticketgate: 'admitted', ownerSteamId, steamId } as const
        assert.equal(encodeMessage(canonical), JSON.stringify(canonical))
        assert.equal(encodeMessage(mixed), JSON.stringify(canonical))
      }),
    )
  })

  it('is known by its first bytes, as text and as bytes', () => {
    const text = encodeMessage(ticket)
    assert.ok(isTicketgateMessage(text))
    assert.ok(isTicketgateMessage(new TextEncoder().encode(text)))
    for (const other of ['', '{', '{"ticketgate"', ' {"ticketgate":"ticket"}', '{"type":"move"}']) {
      assert.ok(!isTicketgateMessage(other), other)
      assert.ok(!isTicketgateMessage(new TextEncoder().encode(other)), other)
    }
  })
})

describe('refusals on the wire', () => {
  it('come back as they were sent, for every code', () => {
    for (const code of Object.keys(codes) as (keyof typeof codes)[]) {
      const refusal = createRefusal(code)
      assert.deepEqual(toRefusal(toRefusedMessage(refusal)), refusal)
      assert.deepEqual(toRefusal(toEndedMessage(refusal)), refusal)
      assert.deepEqual(refusalFromBody(JSON.parse(JSON.stringify(toRefusalBody(refusal)))), refusal)
      assert.deepEqual(refusalFromClose(refusal.closeCode, refusal.code), refusal)
      assert.deepEqual(refusalFromClose(refusal.closeCode, ''), refusal)
    }
  })

  it('keep the extras but not the detail', () => {
    const extras = { message: 'Full.', retryAfterMs: 5, customCode: 'full' }
    const sent = toRefusedMessage(createRefusal('policy-refused', { ...extras, detail: 'for logs' }))
    assert.ok(!('detail' in sent))
    assert.deepEqual(toRefusal(sent), createRefusal('policy-refused', extras))
  })

  it('with a code nobody here knows become policy-refused and keep text and retryable', () => {
    const message: RefusedMessage = {
      ticketgate: 'refused',
      code: 'too-tall',
      message: 'You are too tall.',
      retryable: true,
    }
    const refusal = toRefusal(message)
    assert.equal(refusal.code, 'policy-refused')
    assert.equal(refusal.customCode, 'too-tall')
    assert.equal(refusal.message, 'You are too tall.')
    assert.equal(refusal.retryable, true)
  })

  it('are read from close codes of our range only', () => {
    assert.equal(refusalFromClose(undefined, undefined), undefined)
    for (const closeCode of [1000, 1006, 4000, 4409, 4480]) {
      assert.equal(refusalFromClose(closeCode, 'vac-banned'), undefined)
    }
    assert.equal(refusalFromClose(4479, 'too-tall')?.customCode, 'too-tall')
    assert.equal(refusalFromClose(4479, 'Not A Code')?.code, 'policy-refused')
  })

  it('are not read from bodies of another shape', () => {
    for (const body of [undefined, null, 'no', {}, { code: 1, message: 'x', retryable: true }, { code: 'kicked' }]) {
      assert.equal(refusalFromBody(body), undefined)
    }
  })
})
