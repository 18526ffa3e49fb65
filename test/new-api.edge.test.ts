/** A new API is a file and a row, and so is its framing: then all that is done with APIs is done with it, too. */
import { spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildHouseWithRill } from './kit/made-up/house.ts'
import { startStandIn } from './kit/standin.ts'
import { temporaryFolder } from './kit/tools.ts'

const seq = (...texts: readonly object[]) => texts.map((each) => `\u001E${JSON.stringify(each)} \n`)

/** Padded, as some APIs do it: what is sent again is sent to the byte. */
const STREAM = seq({ drop: 'It ', n: 1 }, { drop: 'flows', n: 2 }, { drop: ' on.', n: 3 }, { last: true })

const BODY = STREAM.join('')

const FAILED = /^.\{"trouble":"Failed on purpose.*"\}\n$/

/** What it is asked, and what it streams then. */
const ANSWERS: Readonly<Record<string, readonly string[]>> = {
  'Does it flow?': STREAM,
  'Is it empty?': [],
  'Is it cut early?': STREAM.slice(0, 1),
  'Is it cut late?': STREAM.slice(0, 3),
  'Is it cut within?': [...STREAM.slice(0, 3), '\u001E{"last":tr'],
  'Does it give up?': [...STREAM.slice(0, 2), ...seq({ trouble: 'Dry.' })],
}

/** A process of the copied house. */
interface Run {
  /** Its address, once it listens. */
  readonly url: Promise<string>
  /** All that it wrote, when it has ended. */
  readonly ended: Promise<string>
  /** What it wrote of this, once it has. */
  wrote(text: RegExp): Promise<string>
}

const setUp = async () => {
  const [house, dir] = [await temporaryFolder(afterAll), await temporaryFolder(afterAll)]
  await buildHouseWithRill(house)
  const standIn = await startStandIn(({ body: { question } }) => ({
    headers: { 'content-type': 'application/json-seq' },
    steps: (ANSWERS[String(question)] ?? []).map((raw) => ({ raw })),
  }))
  afterAll(() => standIn.close())
  const { host } = new URL(standIn.url)

  function run(args: readonly string[], env: Record<string, string> = {}): Run {
    const { PATH = '', HOME = '' } = process.env
    const child = spawn(process.execPath, ['bin/deltatape.js', ...args], {
      cwd: house,
      env: { PATH, HOME, PORT: '0', FIXTURES_DIR: dir, UPSTREAMS: host, ...env },
    })
    afterAll(() => void child.kill('SIGKILL'))
    let written = ''
    const seen = new EventEmitter()
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        written += String(chunk)
        seen.emit('more')
      })
    }
    const find = async (text: RegExp): Promise<string> => {
      for (;;) {
        const [found] = text.exec(written) ?? []
        if (found !== undefined) return found
        await once(seen, 'more')
      }
    }
    return {
      url: find(/http:\/\/127\.0\.0\.1:\d+/),
      ended: once(child, 'close').then(() => written),
      wrote: find,
    }
  }
  const [recorder, player] = [run(['serve'], { MODEL_MODE: 'record' }), run(['serve'], { MODEL_MODE: 'replay' })]

  /** Asks through the recorder or the player. */
  const ask = async (through: Run, question: string, more: Record<string, string> = {}) => {
    const response = await fetch(`${await through.url}/${host}/rill/ask`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...more },
      body: JSON.stringify({ question, flowing: true }),
    })
    return { status: response.status, headers: response.headers, body: await response.text() }
  }
  return { dir, run, recorder, player, ask, calls: standIn.calls }
}

let world: Awaited<ReturnType<typeof setUp>>
beforeAll(async () => {
  world = await setUp()
  await world.ask(world.recorder, 'Does it flow?')
})

describe('an API that is added', () => {
  test('is recorded, replayed to the byte, and shown', async () => {
    const { dir, run, recorder, player, ask } = world
    expect(await ask(recorder, 'Does it flow?')).toMatchObject({ status: 200, body: BODY })
    const name = (await readdir(dir)).find((each) => each.startsWith('does-it-flow-')) ?? ''
    const [header = '', first = '', ...rest] = (await readFile(join(dir, name), 'utf8')).trimEnd().split('\n')
    expect(JSON.parse(header)).toMatchObject({ api: 'rill', response: { framing: 'seq' } })
    // A blank before the line feed stands nowhere but in the bytes.
    expect(JSON.parse(first)).toMatchObject({ raw: STREAM[0] })
    expect(rest).toHaveLength(STREAM.length)

    const { status, headers, body } = await ask(player, 'Does it flow?')
    expect([status, headers.get('content-type'), body]).toEqual([200, 'application/json-seq', BODY])
    const [shown, verified] = await Promise.all([run(['show', join(dir, name)]).ended, run(['verify']).ended])
    expect(shown).toContain('It flows on.')
    expect(verified).not.toContain('damaged')
  })

  test.each(['Is it empty?', 'Is it cut early?', 'Is it cut late?', 'Is it cut within?'])(
    '%s It is, and not saved',
    async (question) => {
      const { dir, recorder, ask } = world
      const before = await readdir(dir)
      expect((await ask(recorder, question)).body).toBe(ANSWERS[question]?.join(''))
      const name = question.toLowerCase().replace('?', '').replaceAll(' ', '-')
      await recorder.wrote(new RegExp(`^.*upstream_truncated.*${name}-`, 'm'))
      expect(await readdir(dir)).toEqual(before)
    },
  )

  test('that gives up is told in its words, and not saved', async () => {
    const { dir, recorder, ask } = world
    const before = await readdir(dir)
    await ask(recorder, 'Does it give up?')
    await recorder.wrote(/Rill gave up: Dry/)
    expect(await readdir(dir)).toEqual(before)
  })

  test('misses in its own words, with its own status', async () => {
    const { player, ask, calls } = world
    const asked = calls.length
    const { status, headers, body } = await ask(player, 'And now?')
    expect([status, headers.get('x-rill-trouble')]).toEqual([422, 'fixture_miss'])
    expect(JSON.parse(body)).toEqual({ trouble: expect.stringContaining('No fixture for this request') })
    expect(calls).toHaveLength(asked)
  })

  test('breaks on purpose in its own words and its own framing', async () => {
    const { player, ask } = world
    const breaking = async (plan: string) => (await ask(player, 'Does it flow?', { 'x-deltatape-fault': plan })).body
    const before = STREAM.slice(0, 2).join('')
    expect(JSON.parse(await breaking('refuse:529'))).toEqual({ trouble: expect.stringContaining('on purpose') })
    expect(await breaking('error')).toMatch(FAILED)
    const failed = await breaking('fail@2')
    expect(failed.slice(0, before.length)).toBe(before)
    expect(failed.slice(before.length)).toMatch(FAILED)
    expect(await breaking('truncate@2')).toBe(before)
    expect((await breaking('malformed@2')).slice(before.length)).toMatch(/^.\{"type":.*[^}]\n$/)
  })
})
