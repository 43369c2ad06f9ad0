import Table from 'cli-table3'
import type { Paint } from '../io.ts'

/** One line of the demo's table. */
export interface Row {
  readonly step: number
  readonly who: string
  readonly does: string
  readonly expected: string
  readonly came: string
}

const titles = ['#', 'player', 'what they do', 'expected', 'what came', '']
const none = ''
/** No lines but those we ask for: rows are printed one by one, as things happen. */
const noLines = {
  top: none,
  'top-mid': none,
  'top-left': none,
  'top-right': none,
  bottom: none,
  'bottom-mid': none,
  'bottom-left': none,
  'bottom-right': none,
  left: none,
  'left-mid': none,
  mid: none,
  'mid-mid': none,
  right: none,
  'right-mid': none,
  middle: none,
}

/** Writes a table row by row. */
export function createTableWriter(paint: Paint, width: number) {
  // Narrow terminals get no column for what was expected: it is what came, unless the row says otherwise.
  const isWide = width >= 100
  const [step, who, code, verdict] = [4, 8, 28, 10]
  const does = Math.max(24, width - step - who - code * (isWide ? 2 : 1) - verdict)
  const colWidths = isWide ? [step, who, does, code, code, verdict] : [step, who, does, code, verdict]

  function render(cells: readonly string[]): string {
    const table = new Table({
      colWidths,
      wordWrap: true,
      chars: noLines,
      style: { 'padding-left': 1, 'padding-right': 1, head: [], border: [] },
    })
    table.push([...cells])
    return `${table.toString().replace(/ +$/gm, '')}\n`
  }

  return {
    head: () =>
      render((isWide ? titles : titles.filter((title) => title !== 'expected')).map((title) => paint('bold', title))) +
      `${paint('dim', '─'.repeat(colWidths.reduce((sum, each) => sum + each, 0)))}\n`,
    /** What is going on, on one line, to be replaced by the row. */
    pending: (row: Omit<Row, 'came'>) =>
      paint('dim', `${String(row.step).padStart(3)}  ${row.who} ${row.does} …`.slice(0, width - 1)),
    row(row: Row) {
      const isRight = row.came === row.expected
      return render([
        paint('dim', String(row.step).padStart(2)),
        paint('bold', row.who),
        row.does,
        ...(isWide ? [paint('dim', row.expected)] : []),
        paint(isRight ? 'green' : 'red', isRight || isWide ? row.came : `${row.came}, expected ${row.expected}`),
        isRight ? paint('green', 'ok') : paint(['red', 'bold'], 'NOT AS EXPECTED'),
      ])
    },
  }
}
