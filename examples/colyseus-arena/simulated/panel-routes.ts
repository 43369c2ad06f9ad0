import express, { type NextFunction, type Request, type Response, Router } from 'express'
import { type Panel, PanelError } from './panel.ts'

/** The routes below `/panel`. Tickets travel in bodies, never in a URL. */
export function createPanelRoutes(panel: Panel): Router {
  const routes = Router()
  routes.use(onlyOwnPage, express.json({ limit: '8kb' }))

  routes.get('/events', (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    const stop = panel.subscribe((event) => response.write(`data: ${JSON.stringify(event)}\n\n`))
    response.on('close', stop)
  })
  routes.post('/tickets', ({ body }, response) => {
    response.json(panel.makeTicket(String(body?.steamId), String(body?.identity)))
  })
  routes.post('/tickets/cancel', ({ body }, response) => {
    panel.cancelTicket(Number(body?.handle))
    response.json({})
  })
  routes.post('/steam/:action', ({ params }, response) => {
    panel.actOnSteam(params.action as Parameters<Panel['actOnSteam']>[0])
    response.json({})
  })
  routes.post('/players/:action', async ({ params, body }, response) => {
    await panel.act(params.action as Parameters<Panel['act']>[0], String(body?.steamId))
    response.json({})
  })

  routes.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
    const isTheirs = error instanceof PanelError
    response.status(isTheirs ? 400 : 500).json({ error: isTheirs ? error.message : 'something went wrong' })
  })
  return routes
}

/**
 * Another site's page that is open in the same browser must not ban anybody: not by its own origin, and not by
 * having its name lead to this machine.
 */
function onlyOwnPage(request: Request, response: Response, next: NextFunction): void {
  const { host = '', origin } = request.headers
  const isOwnHost = /^(?:127\.0\.0\.1|localhost)(?::\d{1,5})?$/.test(host)
  const isOwnPage = origin === undefined ? request.method === 'GET' : origin === `http://${host}`
  if (isOwnHost && isOwnPage) next()
  else response.status(403).json({ error: 'not from this page' })
}
