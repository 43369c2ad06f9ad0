import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'

/** Pages of one test, and everything they asked for and complained of. */
export class WatchedPages {
  /** Errors and warnings of the console, and what nobody caught. */
  complaints: readonly string[] = []
  /** Of every request and every WebSocket. */
  readonly urls: string[] = []
  /** Texts of the tickets that were given to pages. */
  readonly tickets: string[] = []
  readonly #browser: Browser
  readonly #ticketRoute: string
  readonly #field: string

  /** @param tickets The route that gives tickets out, and the field of its answer that holds the text. */
  constructor(browser: Browser, tickets: { readonly route: string; readonly field: string }) {
    this.#browser = browser
    this.#ticketRoute = tickets.route
    this.#field = tickets.field
  }

  async openContext(options: BrowserContextOptions = {}): Promise<BrowserContext> {
    const context = await this.#browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
    context.setDefaultTimeout(15_000)
    context.on('weberror', (error) => this.#complain(String(error.error())))
    context.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) this.#complain(message.text())
    })
    context.on('request', (sent) => this.urls.push(sent.url()))
    context.on('page', (page) => void page.on('websocket', (socket) => this.urls.push(socket.url())))
    context.on('response', async (response) => {
      if (!response.url().endsWith(this.#ticketRoute)) return
      const answer = (await response.json()) as Record<string, string>
      this.tickets.push(answer[this.#field] ?? '')
    })
    return context
  }

  /** Complaints that hold this text were to be expected. */
  forgive(text: string): void {
    this.complaints = this.complaints.filter((complaint) => !complaint.includes(text))
  }

  #complain(complaint: string): void {
    this.complaints = [...this.complaints, complaint]
  }
}

/** Presses the button with this very name. */
export function press(page: Page, name: string): Promise<void> {
  return page.getByRole('button', { name, exact: true }).click()
}

/** Waits until the page's status says this. */
export function seeStatus(page: Page, text: string): Promise<void> {
  return page.getByRole('status').getByText(text).waitFor()
}
