import { loadKoffi } from './koffi.ts'

/** How often the alarm is put off. */
const intervalMs = 5_000

/**
 * Lets the system end this process (SIGALRM) when its main thread stands still for so long: then nothing here could
 * notice any more that the parent is gone. Does nothing on Windows, which has no alarm, and where koffi is missing, which
 * whoever needs it reports.
 *
 * @param seconds More than Steam's library may ever block.
 */
export async function startWatchdog(seconds: number): Promise<void> {
  if (process.platform === 'win32') return
  let alarm: (seconds: number) => void
  try {
    const koffi = await loadKoffi()
    alarm = koffi.load(null).func('alarm', 'uint', ['uint'])
  } catch {
    return
  }
  alarm(seconds)
  setInterval(() => alarm(seconds), intervalMs).unref()
}
