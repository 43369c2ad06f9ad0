import type { Refusal, TicketSource } from '@ticketgate/core/client'
import { type Joined, join } from '@ticketgate/ws/client'
import { act, cancelTicket, makeTicket } from './api.ts'
import type { PageAccount, PageSetup } from './api-types.ts'
import { create, createButton, find, onPress } from './elements.ts'
import type { HandshakeLog } from './handshake-log.ts'
import { watchSockets } from './watched-socket.ts'

/** Not one of the server's: it takes the page's own last ticket. */
const replayed = { name: 'replayed', description: 'the ticket with which you joined last, once more' }

type Shown = 'outside' | 'joining' | 'inside' | 'refused' | 'ended' | 'away'

/** The player at this page: joins, sees how it goes, leaves. */
export class PlayerPanel {
  readonly #setup: PageSetup
  readonly #log: HandshakeLog
  readonly #WebSocket: typeof WebSocket
  readonly #status = find('status')
  readonly #insideActions = find('inside-actions')
  readonly #list = find<HTMLUListElement>('accounts')
  #accounts: readonly PageAccount[] = []
  /** The last one of this page, for showing it again. */
  #lastTicket: string | undefined
  #joined: { readonly account: PageAccount; readonly visit: Joined } | undefined

  constructor(setup: PageSetup, log: HandshakeLog) {
    this.#setup = setup
    this.#log = log
    this.#WebSocket = watchSockets(log)
    onPress(find<HTMLButtonElement>('wave'), () => this.#joined?.visit.socket.send('wave'))
    onPress(find<HTMLButtonElement>('leave'), () => this.#leave())
    onPress(find<HTMLButtonElement>('drop'), () => act('drop', this.#joined?.account.steamId))
    this.#fillVariants()
  }

  /** The accounts there are. */
  show(accounts: readonly PageAccount[]): void {
    const isKnown = this.#accounts.length === accounts.length
    this.#accounts = accounts
    if (!isKnown) {
      this.#list.replaceChildren(
        ...accounts.map((account) => {
          const about = create('span')
          about.id = `about-${account.steamId}`
          const button = createButton(`Join as ${account.name}`, () => this.#join(account))
          button.setAttribute('aria-describedby', about.id)
          return create('li', [button, about])
        }),
      )
    }
    for (const { steamId, about, ban } of accounts) {
      find(`about-${steamId}`).textContent = ban ? `${about}, has a ${ban} ban` : about
    }
  }

  #fillVariants(): void {
    const select = find<HTMLSelectElement>('variant')
    const { variants } = this.#setup
    select.append(...[replayed, ...variants].map(({ name }) => create('option', name, { value: name })))
    select.value = 'spliced'
    const explain = (): void => {
      const chosen = [replayed, ...variants].find(({ name }) => name === select.value)
      find('variant-text').textContent = chosen?.description ?? ''
    }
    explain()
    select.addEventListener('change', explain)
    const form = find<HTMLFormElement>('wrong')
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      const [account] = this.#accounts
      if (account) void this.#join(account, select.value)
    })
  }

  async #join(account: PageAccount, variant?: string): Promise<void> {
    if (variant === replayed.name && this.#lastTicket === undefined) {
      this.#say('outside', 'Nothing to replay yet', 'Join with a good ticket first.')
      return
    }
    this.#leave()
    this.#say('joining', `Joining as ${account.name} …`, 'The server is asked which ticket it wants.')
    const url = new URL(this.#setup.gamePath, location.href)
    url.protocol = 'ws:'
    let outcome: Joined | Refusal
    try {
      outcome = await join(url, {
        source: this.#createSource(account, variant),
        WebSocket: this.#WebSocket,
        onRenewed: () => this.#say('inside', `Inside as ${account.name}`, 'Your fresh ticket was found good.'),
        onEnded: (refusal) => this.#ended(account, refusal),
      })
    } catch (error) {
      this.#say('refused', 'The connection could not be made', error instanceof Error ? error.message : '')
      return
    }
    if (!outcome.ok) {
      this.#say('refused', `Refused: ${outcome.code}`, describe(outcome))
      return
    }
    this.#joined = { account, visit: outcome }
    outcome.socket.addEventListener('message', ({ data }) => this.#onGameMessage(String(data)))
    this.#insideActions.hidden = false
    const lender = this.#accounts.find(({ steamId }) => steamId === outcome.ownerSteamId)
    const copy = outcome.ownerSteamId === outcome.steamId ? '' : `, on the copy of ${lender?.name}`
    this.#say('inside', `Inside as ${account.name}`, `SteamID ${outcome.steamId}${copy}, session ${outcome.session}`)
  }

  /** What stands in for Steam's client on this machine. */
  #createSource(account: PageAccount, variant: string | undefined): TicketSource {
    return {
      kinds: ['webapi'],
      getTicket: async ({ identity }) => {
        const { steamId } = account
        if (variant === replayed.name && this.#lastTicket !== undefined) {
          return { data: this.#lastTicket, cancel() {} }
        }
        const ticket = await makeTicket({ steamId, identity, ...(variant !== undefined && { variant }) })
        this.#lastTicket = ticket.text
        this.#log.name(ticket.text, `‹ticket ${ticket.fingerprint}, ${ticket.bytes} bytes›`)
        return { data: ticket.text, cancel: () => cancelTicket(ticket.handle) }
      },
    }
  }

  #leave(): void {
    const joined = this.#joined
    this.#joined = undefined
    joined?.visit.leave()
  }

  #ended(account: PageAccount, refusal: Refusal | undefined): void {
    this.#joined = undefined
    this.#insideActions.hidden = true
    if (refusal === undefined) {
      this.#say('outside', 'Outside', `You left as ${account.name}. The session is over, the ticket cancelled.`)
    } else if (refusal.code === 'connection-lost') {
      const seconds = this.#setup.graceMs / 1000
      const text = `Your place is kept for ${seconds} seconds: join as ${account.name} again to have it back.`
      this.#say('away', 'The connection was lost', text)
    } else {
      this.#say('ended', `Put out: ${refusal.code}`, describe(refusal))
    }
  }

  #onGameMessage(text: string): void {
    const message = JSON.parse(text) as { type?: string; from?: string }
    if (message.type !== 'wave') return
    const { name } = this.#accounts.find(({ steamId }) => steamId === message.from) ?? { name: 'Somebody' }
    find('status').querySelector('.detail')!.textContent = `${name} waves.`
  }

  #say(state: Shown, headline: string, detail: string): void {
    this.#status.dataset.state = state
    this.#status.querySelector('.headline')!.textContent = headline
    this.#status.querySelector('.detail')!.textContent = detail
  }
}

const moves: Readonly<Record<Refusal['fault'], string>> = {
  player: "the player's move",
  developer: "a mistake of the game's developer",
  operator: "up to the server's operator",
  steam: "Steam's fault",
}

/** What a game would show, then what its developer wants to know. */
function describe({ message, closeCode, retryable, fault }: Refusal): string {
  const again = retryable ? 'may be tried again' : 'not worth trying again'
  return `“${message}” Close code ${closeCode}, ${again}, ${moves[fault]}.`
}
