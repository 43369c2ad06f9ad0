/** The element with an id, of the kind the page promises. */
export function find<T extends HTMLElement = HTMLElement>(id: string): T {
  const element = document.getElementById(id)
  if (element === null) throw new Error(`the page has no #${id}`)
  return element as T
}

/** Makes an element with text or children. */
export function create<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  content: string | readonly Node[] = '',
  set: Partial<HTMLElementTagNameMap[Name]> = {},
): HTMLElementTagNameMap[Name] {
  const element = Object.assign(document.createElement(name), set)
  if (typeof content === 'string') element.textContent = content
  else element.append(...content)
  return element
}

/** A button that is out of use while what it does is under way. */
export function createButton(text: string, label: string, onClick: () => unknown): HTMLButtonElement {
  const button = create('button', text, { type: 'button', ariaLabel: label })
  onPress(button, onClick)
  return button
}

/** See {@link createButton}. What fails is told at the top of the page. */
export function onPress(button: HTMLButtonElement, onClick: () => unknown): void {
  button.addEventListener('click', async () => {
    button.disabled = true
    find('problem').textContent = ''
    try {
      await onClick()
    } catch (error) {
      find('problem').textContent = error instanceof Error ? error.message : 'Something went wrong.'
    } finally {
      button.disabled = false
    }
  })
}

/** Puts new children in place of the old ones. Whoever is there with the keyboard stays where they were. */
export function replaceChildren(parent: HTMLElement, children: readonly Node[]): void {
  const focused = parent.contains(document.activeElement) ? document.activeElement?.ariaLabel : undefined
  parent.replaceChildren(...children)
  if (focused) parent.querySelector<HTMLElement>(`[aria-label="${CSS.escape(focused)}"]`)?.focus()
}
