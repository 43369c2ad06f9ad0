import type { ToChild } from './protocol.ts'

/** The child of the moment. */
export interface ChildChannel {
  send(message: ToChild): void
  /** Something is awaited from the child, or not any more. */
  hold(): void
  release(): void
}

/** Called in the turn of the child's message, so that what it says next finds everything in place. */
export interface Question<Answer> {
  answered(answer: Answer): void
  failed(error: unknown): void
}

/** What the child was asked and has not answered. */
export class Questions {
  readonly #channel: ChildChannel
  readonly #open = new Map<number, Question<never>>()
  #lastId = 0

  constructor(channel: ChildChannel) {
    this.#channel = channel
  }

  ask<Answer>(toMessage: (id: number) => ToChild, question: Question<Answer>): void {
    const id = ++this.#lastId
    this.#open.set(id, question)
    this.#channel.hold()
    this.#channel.send(toMessage(id))
  }

  answered(id: number, answer: unknown): void {
    this.#take(id)?.answered(answer as never)
  }

  failed(id: number, error: unknown): void {
    this.#take(id)?.failed(error)
  }

  /** The child is gone. */
  failAll(error: unknown): void {
    const questions = [...this.#open.values()]
    this.#open.clear()
    for (const question of questions) question.failed(error)
  }

  #take(id: number): Question<never> | undefined {
    const question = this.#open.get(id)
    if (question === undefined) return undefined
    this.#open.delete(id)
    this.#channel.release()
    return question
  }
}
