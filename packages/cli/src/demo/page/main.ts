import { getSetup, listen } from './api.ts'
import { HandshakeLog } from './handshake-log.ts'
import { OperatorPanel } from './operator-panel.ts'
import { PlayerPanel } from './player-panel.ts'

const player = new PlayerPanel(await getSetup(), new HandshakeLog())
const operator = new OperatorPanel()

listen((event) => {
  if (event.type === 'happened') {
    operator.happened(event.text)
    return
  }
  player.show(event.state.accounts)
  operator.show(event.state)
})
