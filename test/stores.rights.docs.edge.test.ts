/** The rights of the docs: with them a reader reads, and does nothing else; and a recorder records. */
import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { systemClock } from '../server/base/clock.ts'
import { type Driver, wholeOf } from '../server/store/driver.ts'
import { driverFor } from '../server/store/drivers/index.ts'
import { readPage } from './kit/docs.ts'
import { engineAt, onEngine } from './kit/engines.ts'

/** A name that no other test has. */
const nameOf = (what: string): string => `${what}_${randomUUID().slice(0, 8)}`

/** The block of a page that grants rights. */
async function grantsOf(page: string, language: string): Promise<string> {
  const [, block = ''] =
    new RegExp(`## Rights\n[\\s\\S]*?^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(await readPage(page)) ?? []
  return block
}

const open = (place: string): Driver => {
  const driver = driverFor(place)?.({ place, clock: systemClock, timeoutMs: 10_000 })
  if (!driver) throw new Error(`There is no driver for ${place}.`)
  return driver
}

const REFUSED = { code: 'store_refused', message: expect.stringContaining('does not allow this user to do that') }

/** What the two may do. */
async function tried(reader: Driver, recorder: Driver): Promise<void> {
  try {
    await recorder.check({ write: true })
    await recorder.put('a-0123456789ab.jsonl', Buffer.from('one'))
    expect(await recorder.putIf('a-0123456789ab.jsonl', Buffer.from('two'), 'absent')).toBeUndefined()
    await reader.check({ write: false })
    const found = await reader.get('a-0123456789ab.jsonl')
    expect(found && found !== 'same' && String(await wholeOf(found))).toBe('one')
    expect(await reader.get('b-0123456789ab.jsonl')).toBeUndefined()
    const names: string[] = []
    for await (const { entries } of reader.list()) names.push(...entries.map(({ name }) => name))
    expect(names).toEqual(['a-0123456789ab.jsonl'])
    await expect(reader.check({ write: true })).rejects.toMatchObject({ code: 'store_refused' })
    await expect(reader.put('a-0123456789ab.jsonl', Buffer.from('three'))).rejects.toMatchObject(REFUSED)
    await expect(reader.remove('a-0123456789ab.jsonl')).rejects.toMatchObject(REFUSED)
    expect(await recorder.remove('a-0123456789ab.jsonl')).toBe(true)
  } finally {
    await Promise.all([reader.close(), recorder.close()])
  }
}

/** An address as a user has it. */
function addressOf(engine: 'redis' | 'postgres', user: string, query: string): string {
  const url = new URL(engineAt(engine) ?? '')
  url.username = user
  url.password = 'a-password'
  url.search = query
  return url.href
}

onEngine('redis', 'the ACL of docs/redis.md', () => {
  test('is that of a reader and of a recorder', async () => {
    const { createClient } = await import('redis')
    const [reader, recorder, prefix] = [nameOf('reader'), nameOf('recorder'), nameOf('prefix')]
    const grants = (await grantsOf('docs/redis.md', 'text'))
      .replace(' reader ', ` ${reader} `)
      .replace(' recorder ', ` ${recorder} `)
      .replaceAll('{deltatape}', `{${prefix}}`)
      .replaceAll('>other-password', '>a-password')
    const admin = createClient({ url: engineAt('redis') ?? '' }).on('error', () => {})
    await admin.connect()
    try {
      for (const line of grants.trimEnd().split('\n')) await admin.sendCommand(line.split(/ +/))
      const query = `prefix=${prefix}`
      await tried(open(addressOf('redis', reader, query)), open(addressOf('redis', recorder, query)))
    } finally {
      await admin.sendCommand(['ACL', 'DELUSER', reader, recorder])
      admin.destroy()
    }
  })
})

onEngine('postgres', 'the GRANTs of docs/postgres.md', () => {
  test('are those of a reader and of a recorder', async () => {
    const { default: connect } = await import('postgres')
    const [reader, recorder, table] = [nameOf('reader'), nameOf('recorder'), nameOf('fixtures')]
    const grants = (await grantsOf('docs/postgres.md', 'sql'))
      .replaceAll(/\breader\b/g, reader)
      .replaceAll(/\brecorder\b/g, recorder)
      .replaceAll(/\bdeltatape\b/g, table)
      .replaceAll(`'another-password'`, `'a-password'`)
    const admin = connect(engineAt('postgres') ?? '', { max: 1, onnotice: () => {} })
    try {
      await admin.unsafe(grants)
      const query = `table=${table}`
      await tried(open(addressOf('postgres', reader, query)), open(addressOf('postgres', recorder, query)))
    } finally {
      await admin.unsafe(`DROP TABLE ${table}; DROP ROLE ${reader}; DROP ROLE ${recorder}`)
      await admin.end()
    }
  })
})
