import { explainBindingFailure } from '../faults/explain-load-failure.ts'

export type Koffi = typeof import('koffi')['default']

/**
 * Loads koffi, which nobody who only imports this package must pay for or have a binary of.
 *
 * @throws GameServerError `ERR_STEAM_LIBRARY`
 */
export async function loadKoffi(): Promise<Koffi> {
  try {
    return (await import('koffi')).default
  } catch (cause) {
    throw explainBindingFailure(cause)
  }
}
