import type { CastMember, PanelPlayer, PanelState } from '../shared/panel.ts'
import { create, createButton, find, onPress, replaceChildren } from './elements.ts'
import type { Me } from './game-client.ts'
import { act, actOnSteam } from './panel-api.ts'

const maxLines = 60

const stateTexts: Readonly<Record<PanelPlayer['state'], string>> = {
  playing: 'playing',
  away: 'away, place kept',
  renewing: 'asked for a fresh ticket',
}

/** The cast, and what an operator and Steam can do. */
export class Panel {
  readonly #play: (me: Me) => Promise<void>
  #isSteamUp = true
  #shownCast = ''

  constructor(play: (me: Me) => Promise<void>) {
    this.#play = play
    onPress(find<HTMLButtonElement>('steam'), () => actOnSteam(this.#isSteamUp ? 'steam-down' : 'steam-up'))
  }

  show({ cast, players, isSteamUp }: PanelState): void {
    this.#isSteamUp = isSteamUp
    find('steam').textContent = isSteamUp ? 'Take Steam down' : 'Bring Steam back'
    find('steam-text').textContent = isSteamUp
      ? 'Steam is up.'
      : 'Steam is down: newcomers are refused, and who is inside plays on.'
    find('nobody').hidden = players.length > 0
    replaceChildren(find('players'), players.map(createPlayer))
    // Who is about to press a button of a list that has not changed must not find it replaced.
    const shownCast = JSON.stringify(cast)
    if (shownCast === this.#shownCast) return
    this.#shownCast = shownCast
    replaceChildren(
      find('cast'),
      cast.map((member) => this.#createRole(member)),
    )
    replaceChildren(find('banned'), cast.filter(({ ban }) => ban !== undefined).map(createPardon))
  }

  happened(text: string): void {
    const log = find('happened')
    log.prepend(create('li', text))
    while (log.childElementCount > maxLines) log.lastElementChild?.remove()
  }

  #createRole(member: CastMember): HTMLLIElement {
    const { name, about, ban } = member
    const button = createButton(`Play as ${name}`, `Play as ${name}`, () => this.#play(member))
    return create('li', [button, create('span', ban === undefined ? about : `${about}, ${ban} ban`)])
  }
}

function createPardon({ name, steamId }: CastMember): HTMLButtonElement {
  return createButton(`Lift the ban of ${name}`, `Lift the ban of ${name}`, () => act('unban', steamId))
}

function createPlayer({ steamId, name, state }: PanelPlayer): HTMLLIElement {
  const stateBadge = create('span', stateTexts[state], { className: `badge ${state}` })
  const buttons = [
    createButton('Kick', `Kick: ${name}`, () => act('kick', steamId)),
    createButton('Ban at Steam', `Ban at Steam: ${name}`, () => act('ban', steamId)),
    createButton('Cancel ticket', `Cancel ticket: ${name}`, () => act('cancel-tickets', steamId)),
    createButton('Cut line', `Cut line: ${name}`, () => act('cut-connection', steamId)),
  ]
  return create('li', [create('p', [create('b', name), stateBadge]), create('div', buttons, { className: 'buttons' })])
}
