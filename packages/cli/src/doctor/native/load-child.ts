// Loads Valve's library in a process of its own: what goes wrong inside ends this one and not the doctor.

import { GameServerError } from '@ticketgate/gameserver'
import { checkBinding, checkSteamLibrary } from '@ticketgate/gameserver/diagnosis'

/** What to load. Without a library only koffi is tried. */
export interface LoadRequest {
  readonly libraryPath: string | undefined
  readonly steamClientPath: string | undefined
}

/** Sent before a step is tried, and with what came of it. */
export interface LoadStep {
  readonly step: 'koffi' | 'functions'
  readonly outcome: 'trying' | 'done' | 'failed'
  /** A version, or what the error says. */
  readonly detail: string
  readonly hint?: string
  readonly reason?: string
}

process.once('message', ({ libraryPath, steamClientPath }: LoadRequest) => {
  void load(libraryPath, steamClientPath).then(() => process.disconnect())
})

async function load(libraryPath: string | undefined, steamClientPath: string | undefined): Promise<void> {
  const hasKoffi = await tryStep('koffi', checkBinding)
  if (!hasKoffi || libraryPath === undefined) return
  await tryStep('functions', async () => {
    await checkSteamLibrary({ libraryPath, steamClientPath })
    return 'every one that is used is there'
  })
}

async function tryStep(step: LoadStep['step'], attempt: () => Promise<string>): Promise<boolean> {
  tell({ step, outcome: 'trying', detail: '' })
  try {
    tell({ step, outcome: 'done', detail: await attempt() })
    return true
  } catch (error) {
    if (!(error instanceof GameServerError)) throw error
    const { message: detail, hint, reason } = error
    tell({ step, outcome: 'failed', detail, hint, reason })
    return false
  }
}

function tell(step: LoadStep): void {
  process.send?.(step)
}
