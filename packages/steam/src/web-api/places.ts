/** A limit of how many do something at once; the others wait in the order in which they came. */
export class Places<Entrant> {
  readonly #places: number
  readonly #maxWaiting: number
  readonly #admit: (entrant: Entrant) => boolean
  readonly #waiting: Entrant[] = []
  #taken = 0

  /**
   * @param admit Called when an entrant has a place: `true` to keep it until `leave`, `false` when it needs none
   * any more. Must not throw.
   */
  constructor(places: number, maxWaiting: number, admit: (entrant: Entrant) => boolean) {
    this.#places = places
    this.#maxWaiting = maxWaiting
    this.#admit = admit
  }

  /** Gives an entrant a place, now or when its turn comes. `false` when too many wait. */
  enter(entrant: Entrant): boolean {
    if (this.#taken < this.#places && this.#waiting.length === 0) this.#give(entrant)
    else if (this.#waiting.length < this.#maxWaiting) this.#waiting.push(entrant)
    else return false
    return true
  }

  /** Frees a place. */
  leave(): void {
    this.#taken--
    // A moment later: whoever ends many at once, as a deadline does, has then ended those who wait as well.
    if (this.#waiting.length > 0) queueMicrotask(this.#admitWaiting)
  }

  readonly #admitWaiting = (): void => {
    while (this.#waiting.length > 0 && this.#taken < this.#places) this.#give(this.#waiting.shift()!)
  }

  #give(entrant: Entrant): void {
    this.#taken++
    if (!this.#admit(entrant)) this.#taken--
  }
}
