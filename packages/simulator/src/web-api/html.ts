import { STATUS_CODES } from 'node:http'

const sentences: Readonly<Record<number, string>> = {
  401: 'Access is denied. Retrying will not help. Please verify your <pre>key=</pre> parameter.',
  403: 'Access is denied. Retrying will not help. Please verify your <pre>key=</pre> parameter.',
  404: 'The requested URL was not found on this server.',
  405: 'This API must be called with a HTTP GET request.',
  429: 'You are being rate limited.',
  500: 'An internal error has occurred.',
  503: 'The server is temporarily unable to service your request. Please try again later.',
}

/** An error page in the manner of Steam's: HTML, never JSON. */
export function errorPage(status: number, sentence = sentences[status] ?? ''): string {
  const title = STATUS_CODES[status] ?? 'Error'
  return `<html><head><title>${title}</title></head><body><h1>${title}</h1>${sentence}</body></html>`
}

/** What a proxy in front of a Steam in maintenance may say, with status 200. */
export const maintenancePage =
  '<!DOCTYPE html><html><head><title>Steam</title></head><body><h1>Steam is down for maintenance</h1></body></html>'
