import { act } from './api.ts'
import type { PageAction, PageAdmission, PageState } from './api-types.ts'
import { create, createButton, find, onPress } from './elements.ts'

const maxEntries = 100

/** What the operator and Steam see and do. */
export class OperatorPanel {
  readonly #players = find<HTMLUListElement>('players')
  readonly #happened = find<HTMLOListElement>('happened')
  readonly #steam = find<HTMLButtonElement>('steam')
  #state: PageState | undefined

  constructor() {
    onPress(this.#steam, () => act(this.#state?.isSteamDown ? 'steam-up' : 'steam-down'))
    onPress(find<HTMLButtonElement>('pass-time'), () => act('pass-time'))
  }

  happened(text: string): void {
    this.#happened.prepend(create('li', text))
    while (this.#happened.childElementCount > maxEntries) this.#happened.lastElementChild?.remove()
  }

  show(state: PageState): void {
    this.#state = state
    find('nobody').hidden = state.admissions.length > 0
    this.#showPlayers(state)
    this.#steam.textContent = state.isSteamDown ? 'Bring Steam back' : 'Take Steam down'
    const known = state.isBackendAvailable ? 'the gate has not noticed yet' : 'the gate knows, and asks again soon'
    find('steam-text').textContent = state.isSteamDown
      ? `Steam is down; ${known}. Newcomers are refused, those inside stay.`
      : 'Steam is up.'
    const { admitted, refused, begun, ended, requests } = state.books
    find('books').textContent =
      `${admitted} admitted, ${refused} refused; auth sessions: ${begun} begun, ${ended} ended; ${requests} requests to Steam.`
  }

  /** Rows stay where they are while they change, so that nobody presses a button that has just moved. */
  #showPlayers({ admissions, accounts }: PageState): void {
    const rows = new Map(
      [...this.#players.children].map((row) => [(row as HTMLElement).dataset.id, row as HTMLElement]),
    )
    for (const admission of admissions) {
      const row = rows.get(admission.id) ?? this.#addRow(admission)
      rows.delete(admission.id)
      const isBanned = accounts.some(({ steamId, ban }) => ban !== undefined && steamId === admission.steamId)
      update(row, admission, isBanned)
    }
    for (const row of rows.values()) row.remove()
    this.#showBanned(accounts)
  }

  #addRow({ id, steamId, name, lender }: PageAdmission): HTMLElement {
    const button = (text: string, action: PageAction): HTMLButtonElement => {
      const made = createButton(text, () => act(action, steamId))
      made.setAttribute('aria-label', `${text}: ${name}`)
      return made
    }
    const row = create('li', [
      create(
        'div',
        [
          create('strong', name),
          create('span', '', { className: 'state' }),
          create('small', lender ? `copy of ${lender}` : ''),
          create('small', '', { className: 'ticket' }),
        ],
        { className: 'who' },
      ),
      create(
        'div',
        [
          button('Kick', 'kick'),
          button('Ban at Steam', 'ban'),
          overConnection(button('Cancel ticket', 'renew')),
          overConnection(button('Cut connection', 'drop')),
        ],
        { className: 'buttons' },
      ),
    ])
    row.dataset.id = id
    this.#players.append(row)
    return row
  }

  /** Bans can be lifted of those who are outside because of them. */
  #showBanned(accounts: PageState['accounts']): void {
    const row = find('banned')
    const banned = accounts.filter(({ ban }) => ban !== undefined)
    const ids = banned.map(({ steamId }) => steamId).join()
    if (row.dataset.ids === ids) return
    row.dataset.ids = ids
    row.replaceChildren(
      ...banned.map(({ name, steamId }) => createButton(`Lift the ban of ${name}`, () => act('unban', steamId))),
    )
  }
}

function overConnection(button: HTMLButtonElement): HTMLButtonElement {
  button.dataset.needsConnection = ''
  return button
}

function update(row: HTMLElement, { state, fingerprint }: PageAdmission, isBanned: boolean): void {
  const badge = row.querySelector<HTMLElement>('.state')!
  badge.textContent = state === 'away' ? 'away, place kept' : state
  badge.dataset.state = state
  // There is no connection to cut, and none to ask for a ticket over.
  for (const button of row.querySelectorAll<HTMLButtonElement>('[data-needs-connection]'))
    button.hidden = state === 'away'
  row.querySelector('.ticket')!.textContent = `ticket ${fingerprint}${isBanned ? ', banned' : ''}`
}
