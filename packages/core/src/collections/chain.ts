/** What can be in a {@link Chain}: in one at a time. */
export abstract class Link<Self extends Link<Self>> {
  /** The chain that it is in. */
  chain: Chain<Self> | undefined
  previous: Self | undefined
  next: Self | undefined
}

/**
 * Objects in the order in which they were added, linked through members of their own: adding, removing and asking
 * whether one is in it look nothing up. A `Set` of objects gives each of them an identity hash and finds its place
 * in a table that a busy server's caches have let go of.
 */
export class Chain<Member extends Link<Member>> {
  first: Member | undefined
  last: Member | undefined
  size = 0

  /** Adds one at the end that is in no chain. */
  add(member: Member): void {
    member.chain = this
    member.previous = this.last
    if (this.last === undefined) this.first = member
    else this.last.next = member
    this.last = member
    this.size++
  }

  /** `false` for one that is not in this chain. */
  remove(member: Member): boolean {
    if (member.chain !== this) return false
    const { previous, next } = member
    if (previous === undefined) this.first = next
    else previous.next = next
    if (next === undefined) this.last = previous
    else next.previous = previous
    member.chain = undefined
    member.previous = undefined
    member.next = undefined
    this.size--
    return true
  }

  /** A copy, since whoever walks it may remove some of them. */
  toArray(): Member[] {
    const found: Member[] = []
    for (let member = this.first; member !== undefined; member = member.next) found.push(member)
    return found
  }
}
