/** Listening, and why it failed. */
import { createServer } from 'node:http'
import { DeltatapeError, systemCode } from '../base/errors.ts'
import type { Config } from '../config.ts'

/** Listens, and gives the port. */
export function listen(http: ReturnType<typeof createServer>, { host, port }: Config): Promise<number> {
  return new Promise((resolve, reject) => {
    http.once('error', (error) =>
      reject(new DeltatapeError('listen_failed', whyNot(error, host, port), { cause: error })),
    )
    http.listen(port, host, () => {
      const address = http.address()
      resolve(typeof address === 'object' && address ? address.port : port)
    })
  })
}

function whyNot(error: Error, host: string, port: number): string {
  switch (systemCode(error)) {
    case 'EADDRINUSE':
      return `Port ${port} on ${host} is in use. Stop what listens there, or set PORT to another (0 picks a free one).`
    case 'EACCES':
      return `Port ${port} needs more rights than this process has. Set PORT to one of at least 1024.`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${JSON.stringify(host)} is no address of this machine. Set HOST to one (127.0.0.1 is for this machine alone).`
    default:
      return `The server cannot listen on ${host} port ${port}: ${error.message}.`
  }
}
