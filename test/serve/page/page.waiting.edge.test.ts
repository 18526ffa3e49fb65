/** What readers of the page leave unread: it counts for what may wait. */
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { compose } from '../../kit/answers.ts'
import { servePage } from '../../kit/page.ts'
import { folderWith } from '../../kit/tools.ts'
import { ask, openSocket } from '../http/kit.ts'

const LONG = 2_000_000
const setUpLong = async () => {
  const dir = await folderWith({
    Long: {
      events: compose('long')
        .text(['x'.repeat(LONG)])
        .completed(),
    },
  })
  const [name = ''] = await readdir(dir)
  const { url } = await servePage({ FIXTURES_DIR: dir, MAX_WAITING_BYTES: '100000000' })
  return { name, url }
}

test.each(['raw', 'fixture', 'export', 'compare'])(
  'MAX_WAITING_BYTES bounds what readers of /page/%s leave unread',
  async (path) => {
    const { url, name } = await setUpLong()
    const statusOf = async (asked: string) => (await ask(url, { method: 'GET', target: asked, headers: [] })).status
    const target = `/page/${path}?name=${name}&other=${name}`
    const idle: Socket[] = []
    const begin = async (): Promise<string> => {
      const socket = openSocket(url).setEncoding('latin1')
      idle.push(socket)
      socket.write(`GET ${target} HTTP/1.1\r\nhost: localhost\r\n\r\n`)
      const [head] = await once(socket, 'data')
      socket.pause()
      return String(head).slice(0, 12)
    }
    const heads: string[] = []
    while (heads.length < 20 && !heads.at(-1)?.endsWith('503')) heads.push(await begin())
    expect([heads[0], heads.at(-1)]).toEqual(['HTTP/1.1 200', 'HTTP/1.1 503'])
    expect(await statusOf('/page/status')).toBe(200)
    for (const socket of idle) socket.destroy()
    while ((await statusOf(target)) !== 200);
  },
)
