// A module like steamworks.js 0.4.0, with its manners: it prints, and it aborts. Told what to do by the identity it
// is asked for, it writes what happened to its tickets into the file named by FAKE_STEAMWORKS_LOG.

const { appendFileSync } = require('node:fs')

const log = (line) => appendFileSync(process.env.FAKE_STEAMWORKS_LOG, `${line}\n`)
let count = 0

function ticket() {
  count += 1
  const bytes = Buffer.from([1, 2, 3, count])
  const name = `ticket ${count}`
  return { getBytes: () => bytes, cancel: () => log(`${name} cancelled`) }
}

module.exports.init = (appId) => {
  console.log('Setting breakpad minidump AppID')
  log(`process ${process.pid} runs ${appId}`)
  if (appId === 1) throw new Error('Steam is not running')
  if (appId === 2) process.exit(3)
  if (appId === 3) for (;;);
  // As runCallbacks does.
  setInterval(() => {}, 1000 / 30)
  return {
    utils: { getAppId: () => appId },
    auth: {
      getSessionTicketWithSteamId: async () => ticket(),
      async getAuthTicketForWebApi(identity) {
        console.log('From raw: 0x7ffd3a5e9c10')
        if (identity === 'panic') {
          console.error(`called Result::unwrap() on an Err value: ${'14000000'.repeat(20)}`)
          process.abort()
        }
        if (identity === 'failure') throw new Error('a generic failure from the steamworks API')
        if (identity === 'hang') {
          log('asked and hangs')
          for (;;);
        }
        if (identity === 'silence') return await new Promise(() => log('asked and silent'))
        return ticket()
      },
    },
  }
}
