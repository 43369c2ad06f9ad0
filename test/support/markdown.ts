import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './run.ts'

export interface Page {
  /** Path from the repository's folder, with forward slashes. */
  path: string
  text: string
}

export interface Fence {
  page: string
  /** Line of the opening fence, from 1. */
  line: number
  language: string
  /** Further words after the language. */
  marks: string[]
  code: string
}

/** Every Markdown page of the repository. */
export function readPages(): Page[] {
  const pages = globSync('{*,packages/*/*,docs/**/*,examples/**/*,test/**/*,bench/**/*}.md', {
    cwd: root,
    exclude: (name) => name.includes('node_modules'),
  })
  return pages
    .map((path) => ({ path: path.replaceAll('\\', '/'), text: readFileSync(join(root, path), 'utf8') }))
    .sort((a, b) => a.path.localeCompare(b.path))
}

/** The fenced code blocks of a page that name a language. */
export function readFences({ path, text }: Page): Fence[] {
  const fences: Fence[] = []
  let open: (Fence & { close: string; lines: string[] }) | undefined
  for (const [index, line] of text.split('\n').entries()) {
    const [, ticks, info = ''] = /^\s*(`{3,})(.*)$/.exec(line) ?? []
    if (open) {
      if (line.trim() === open.close) {
        const { close: _close, lines, ...fence } = open
        if (fence.language) fences.push({ ...fence, code: `${lines.join('\n')}\n` })
        open = undefined
      } else {
        open.lines.push(line)
      }
    } else if (ticks) {
      const [language = '', ...marks] = info.trim().split(/\s+/)
      open = { page: path, line: index + 1, language, marks, code: '', close: ticks, lines: [] }
    }
  }
  return fences
}

/** The page without its code blocks, for looking at prose. */
export function readProse({ text }: Page): string {
  return text.replace(/^(\s*)(`{3,}).*\n[\s\S]*?^\s*\2\s*$/gm, '')
}
