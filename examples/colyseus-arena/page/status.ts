import { graceSeconds } from '../shared/arena.ts'
import { create, find } from './elements.ts'
import type { Standing } from './game-client.ts'

const box = find('status')
const actions: Readonly<Record<'leave' | 'unplug' | 'plug-in', readonly Standing['kind'][]>> = {
  leave: ['playing', 'reconnecting', 'unplugged'],
  unplug: ['playing'],
  'plug-in': ['unplugged'],
}

/** Says how this page stands with the game, and offers what can be done about it. */
export function showStatus(standing: Standing): void {
  const { headline, detail, code } = describe(standing)
  box.dataset.kind = standing.kind
  find('status-text').replaceChildren(
    create('strong', headline),
    ...(code === undefined ? [] : [create('code', code)]),
    create('span', detail),
  )
  for (const [id, kinds] of Object.entries(actions)) find(id).hidden = !kinds.includes(standing.kind)
}

function describe(standing: Standing): { headline: string; detail: string; code?: string | undefined } {
  switch (standing.kind) {
    case 'outside':
      return { headline: 'Outside', detail: 'Choose who you are.' }
    case 'joining':
      return { headline: `Joining as ${standing.me.name}`, detail: 'The server asks Steam about your ticket.' }
    case 'playing':
      return {
        headline: `You are ${standing.me.name}`,
        detail: standing.news ?? 'Fly with the arrow keys or WASD, or hold the mouse or a finger on the field.',
      }
    case 'reconnecting':
      return { headline: 'The connection is lost', detail: 'Coming back…' }
    case 'unplugged':
      return {
        headline: 'Unplugged',
        detail: `Your ship waits for ${graceSeconds} seconds; then the auth session ends.`,
      }
    case 'refused':
      return { headline: `${standing.me.name} is not let in`, detail: standing.why.message, code: standing.why.code }
    case 'ended':
      return { headline: `${standing.me.name} is out`, detail: standing.why.message, code: standing.why.code }
  }
}
