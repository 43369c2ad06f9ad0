import { deepEqual, equal } from 'node:assert/strict'
import fc from 'fast-check'
import { Chain, Link } from '../../../packages/core/src/collections/chain.ts'

class Member extends Link<Member> {
  readonly name: number

  constructor(name: number) {
    super()
    this.name = name
  }
}

describe('A chain', () => {
  it('holds what a list would hold, in its order, whatever is added and removed', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(9), { maxLength: 60 }), (steps) => {
        const chain = new Chain<Member>()
        const members = Array.from({ length: 10 }, (_, name) => new Member(name))
        const list: number[] = []
        for (const name of steps) {
          const member = members[name]!
          const isIn = list.includes(name)
          equal(member.chain, isIn ? chain : undefined)
          if (isIn) {
            equal(chain.remove(member), true)
            list.splice(list.indexOf(name), 1)
          } else {
            chain.add(member)
            list.push(name)
          }
          deepEqual(
            chain.toArray().map((each) => each.name),
            list,
          )
          equal(chain.size, list.length)
          equal(chain.first?.name, list[0])
          equal(chain.last?.name, list.at(-1))
        }
      }),
    )
  })

  it('does not remove a member of another chain, or of none', () => {
    const [one, other] = [new Chain<Member>(), new Chain<Member>()]
    const member = new Member(1)
    equal(one.remove(member), false)
    other.add(member)
    equal(one.remove(member), false)
    equal(other.size, 1)
  })
})
