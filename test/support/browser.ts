import { existsSync } from 'node:fs'
import type { Context } from 'mocha'
import { type Browser, chromium } from 'playwright-core'
import { skip } from './skip.ts'

const executablePath = '/usr/bin/chromium'

/** Debian's Chromium without a window, talking to nobody but our pages; skips where it is not installed. */
export function launchBrowser(context: Context): Promise<Browser> {
  if (!existsSync(executablePath)) skip(context, `there is no ${executablePath}`)
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  })
}
