import { readingCases } from './reading-cases.ts'
import { sessionCases } from './session-cases.ts'
import { steamCases } from './steam-cases.ts'
import type { BackendContractFlags, BackendSubject, ContractCase } from './subject.ts'
import { verdictCases } from './verdict-cases.ts'

/**
 * What every verifying `Backend` must do, by the lines of that port's documentation. A thing that a backend
 * cannot do (issue tickets, look bans up) is checked to be absent.
 *
 * @param make A fresh subject for each case; the case disposes of it.
 */
export function backendContract(make: () => Promise<BackendSubject>, flags: BackendContractFlags): ContractCase[] {
  const cases = { ...readingCases, ...verdictCases(flags), ...sessionCases, ...steamCases }
  return Object.entries(cases).map(([name, check]) => ({
    name,
    async run() {
      const subject = await make()
      try {
        await check(subject)
      } finally {
        await subject.dispose()
      }
    },
  }))
}
