/** Listening on a port, and why that failed. */
import type { Server } from 'node:net'
import { DeltatapeError, systemCode } from '../base/errors.ts'

/** Where to listen. Port 0 picks a free one. */
export interface Place {
  readonly host: string
  readonly port: number
}

/**
 * Listens.
 *
 * @returns the port
 * @throws DeltatapeError `listen_failed`
 */
export function listen(http: Server, { host, port }: Place): Promise<number> {
  return new Promise((resolve, reject) => {
    http.once('error', (error) =>
      reject(new DeltatapeError('listen_failed', whyNot(error, { host, port }), { cause: error })),
    )
    http.listen(port, host, () => {
      const address = http.address()
      resolve(typeof address === 'object' && address ? address.port : port)
    })
  })
}

function whyNot(error: Error, { host, port }: Place): string {
  switch (systemCode(error)) {
    case 'EADDRINUSE':
      return `Port ${port} on ${host} is in use. Stop what listens there, or set PORT to another (0 picks a free one).`
    case 'EACCES':
      return `Port ${port} needs more rights than this process has. Set PORT to 1024 or more.`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${JSON.stringify(host)} is no address of this machine. Set HOST to one that is (127.0.0.1 lets in this machine alone).`
    default:
      return `The server cannot listen on ${host} port ${port}: ${error.message}. Set HOST or PORT to another.`
  }
}
