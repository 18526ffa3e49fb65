import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { compose, words } from '../kit/answers.ts'
import { connect } from '../kit/client.ts'
import { folderWith, runDeltatape, runServer, temporaryFolder } from '../kit/tools.ts'

const answer = { events: compose('x').text(words('Hi')).completed() }

/** A directory of three fixtures, and the log of a run that asked for one of them and for one that is not there. */
async function setUp() {
  const dir = await folderWith({ one: answer, two: answer, 'a third': answer })
  const log = join(await temporaryFolder(), 'used.jsonl')
  const server = await runServer({ FIXTURES_DIR: dir, USAGE_LOG: log })
  const chat = await connect(`${server.url}/ws`)
  for (const input of ['one', 'the third']) {
    chat.send({ input })
    await chat.next()
  }
  await server.close()
  return { dir, log }
}

describe('unused', () => {
  test('lists what a run did not use, and what it asked for instead', async () => {
    const { dir, log } = await setUp()
    const { code, out, err } = await runDeltatape(['unused', log, '--fixtures', dir])
    expect([code, err]).toEqual([1, []])
    expect(out).toEqual([
      expect.stringMatching(
        /a-third-\w+\.jsonl was not used, and a request that differs from it in `input` alone had no fixture: record it again or rename \(it would be the-third-\w+\.jsonl\)$/,
      ),
      expect.stringMatching(/two-\w+\.jsonl was not used/),
    ])
  })

  test('takes several logs together', async () => {
    const { dir, log } = await setUp()
    const { out } = await runDeltatape(['unused', log, '--fixtures', dir, '--json'])
    const other = join(await temporaryFolder(), 'other.jsonl')
    const names = [...out.join('').matchAll(/"file": "[^"]*\/([^"/]+)"/g)].map(([, name]) => name)
    expect(names).toHaveLength(2)
    await writeFile(other, names.map((name) => `${JSON.stringify({ used: name })}\n`).join(''))
    expect(await runDeltatape(['unused', log, other, '--fixtures', dir])).toEqual({
      code: 0,
      out: ['All fixtures were used.'],
      err: [],
    })
  })

  test('leaves damaged fixtures out, and says so', async () => {
    const { dir, log } = await setUp()
    await writeFile(join(dir, 'bad-123456789012.jsonl'), 'damaged')
    const { out, err } = await runDeltatape(['unused', log, '--fixtures', dir])
    expect(out).toHaveLength(2)
    expect(err).toEqual([expect.stringContaining('Damaged, and left alone: bad-123456789012.jsonl.')])
  })

  test('is a part of verify, too', async () => {
    const { dir, log } = await setUp()
    const { code, out } = await runDeltatape(['verify', '--fixtures', dir, '--unused', log])
    expect(code).toBe(1)
    expect(out[0]).toMatch(/a-third-\w+\.jsonl:1: it was not used, and a request/)
    expect(out.at(-1)).toBe('2 problems in 2 of 3 fixtures')
  })

  test.each([
    ['an empty log', '', /It says that no fixture was used/],
    [
      'the log of a run on others',
      '{"used":"other-123456789012.jsonl"}\n',
      /None of the fixtures that it says were used/,
    ],
    ['something else', 'hello\n', /is no usage log: line 1/],
    ['no file', undefined, /cannot be read: ENOENT/],
  ])('could not look: %s', async (_what, text, message) => {
    const { dir, log } = await setUp()
    if (text === undefined) await rm(log)
    else await writeFile(log, text)
    for (const args of [
      ['unused', log],
      ['verify', '--unused', log],
      ['prune', log, '--yes'],
    ]) {
      const { code, err } = await runDeltatape([...args, '--fixtures', dir])
      expect(code).toBe(2)
      expect(err.join('\n')).toMatch(message)
    }
  })
})
