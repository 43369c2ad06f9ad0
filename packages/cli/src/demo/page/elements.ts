/** The element with an id, of the kind the page promises. */
export function find<T extends HTMLElement = HTMLElement>(id: string): T {
  const element = document.getElementById(id)
  if (element === null) throw new Error(`the page has no #${id}`)
  return element as T
}

/** Makes an element with text and children. */
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
export function createButton(text: string, onClick: () => void | Promise<void>): HTMLButtonElement {
  const button = create('button', text, { type: 'button' })
  onPress(button, onClick)
  return button
}

/** See {@link createButton}. What fails is told at the top of the page. */
export function onPress(button: HTMLButtonElement, onClick: () => void | Promise<void>): void {
  button.addEventListener('click', () => {
    button.disabled = true
    tellProblem('')
    Promise.resolve(onClick())
      .catch((error: unknown) => tellProblem(error instanceof Error ? error.message : 'Something went wrong.'))
      .finally(() => {
        button.disabled = false
      })
  })
}

/** Tells what stands in the way; nothing takes it back. */
export function tellProblem(text: string): void {
  find('problem').textContent = text
}
