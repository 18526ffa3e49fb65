/** What the raw servers share: they are processes that send what a file says. */
import { readFileSync } from 'node:fs'
import type { Server } from 'node:http'

/** The text of the file that the process was given. */
export const bodyToSend = (): string => readFileSync(process.argv[2] ?? '', 'utf8')

/** The lines of the file that the process was given. */
export const framesToSend = (): string[] => bodyToSend().split('\n')

/** Listens on a free port, and writes the address. */
export function announce(server: Server): void {
  server.listen(0, '127.0.0.1', () => {
    const address = server.address()
    const port = typeof address === 'object' && address ? address.port : 0
    process.stdout.write(`http://127.0.0.1:${port}\n`)
  })
}
