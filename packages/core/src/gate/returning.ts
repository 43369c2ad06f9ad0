import type { AdmissionRecord } from './admission-record.ts'

/**
 * @internal Of those away, the places of the client that a fresh ticket brings back: the first client that is away with all it
 * had. One client for one ticket, because the others may come back as well; and never one that is still here with
 * another connection, for that is not who comes.
 */
export function returningAmong(older: readonly AdmissionRecord[]): readonly AdmissionRecord[] {
  const isHere = (login: string): boolean => older.some((each) => each.state !== 'away' && each.login === login)
  const login = older.find((each) => each.state === 'away' && !isHere(each.login))?.login
  return login === undefined ? [] : older.filter((each) => each.login === login)
}
