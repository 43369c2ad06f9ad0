// Between page and main process. Gives the page one function that asks for tickets.

import { exposeTickets } from '@ticketgate/steam/electron-preload'
import { contextBridge, ipcRenderer } from 'electron'

exposeTickets(contextBridge, ipcRenderer)
