import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { formatFixture } from '../../server/fixture/file.ts'
import { compose } from '../kit/answers.ts'
import { fixtureFor, getCall, inOnePiece } from '../kit/fixtures.ts'
import { deltatape, folderWith, openTestStore, temporaryFolder } from '../kit/tools.ts'

const listFixtures = (dir: string) => openTestStore(dir).list()

/** A bundled fixture that streams. */
const NAME = (await listFixtures('fixtures')).find((name) => name.startsWith('spell-it')) ?? ''

test('all of a fixture, at 80 columns', async () => {
  const { code, out, err } = await deltatape(['show', 'spell-it'])
  expect([code, err]).toEqual([0, ''])
  expect(out).toMatch(/^spell-it-backwards-[0-9a-f]{12}\.jsonl\nkey {8}[0-9a-f]{64}\ncall {7}POST \/v1\/responses\n/)
  expect(out).toMatch(/\nanswer {5}200 text\/event-stream; charset=utf-8, [\d,]+ bytes\n/)
  expect(out).toContain('\nRequest\n{\n  "model": "gpt-4.1-mini",\n')
  expect(out).toContain('\nAnswer\na, d, A\n')
  expect(out).toMatch(/\noutput_text {2,}[▁▂▃▄▅▆▇█ ]+ {2}\d+\nfirst delta +▲ \d+ ms\nlongest gap .*\d+ ms/)
  expect(out).toMatch(/\nUsage\ninput_tokens 16\noutput_tokens \d+\ntotal_tokens \d+\n/)
  expect(out).toMatch(/\nEnded\ncompleted after \d+ ms\n$/)
  expect(out.split('\n').filter((line) => line.length > 80)).toEqual([])
})

test('every bundled fixture can be shown', async () => {
  for (const name of await listFixtures('fixtures')) {
    const { code, out } = await deltatape(['show', name])
    expect([name, code, out.includes('undefined')]).toEqual([name, 0, false])
    if (!name.startsWith('count')) expect(out.split('\n').filter((line) => line.length > 200)).toEqual([])
  }
})

test('a failure is told as it was, a call with its arguments, a conversation by the key that it continues', async () => {
  expect((await deltatape(['show', 'fail-with-a-refused'])).out).toMatch(
    /\nanswer {5}429 application\/json, \d+ bytes\n[^]* retry-after: 20\n[^]*\nAnswer\n\{\n {2}"error": \{[^]*\nEnded\nrefused after \d+ ms\nThe API refused the request with HTTP 429: Rate limit/,
  )
  expect((await deltatape(['show', 'fail-with-an-unreachable'])).out).toMatch(
    /\nanswer {5}none\n[^]*\nAnswer\nno text\n/,
  )
  expect((await deltatape(['show', 'what-is-the-weather'])).out).toContain(
    '\nno text\nfunction_call get_weather {"city":"Paris","unit":"celsius"}\n',
  )
  expect((await deltatape(['show', 'what-is-my-name'])).out).toMatch(/\ncontinues {2}[0-9a-f]{64}\n/)
})

test('--json has the call, the request, the answer and the time of every event', async () => {
  const { code, out } = await deltatape(['show', 'spell-it', '--json'])
  expect(code).toBe(0)
  expect(JSON.parse(out)).toMatchObject({
    name: NAME,
    api: 'responses',
    call: { method: 'POST', path: '/v1/responses' },
    status: 200,
    headers: [['content-type', 'text/event-stream; charset=utf-8']],
    request: { input: 'Spell it backwards.' },
    answer: 'a, d, A',
    ending: 'completed',
    firstDeltaMs: expect.any(Number),
    usage: { input_tokens: 16 },
    timeline: { end: expect.any(Number), lanes: [{ family: 'response', times: expect.any(Array) }, {}, {}, {}] },
  })
})

test('an answer in one piece has its text, one of another API its body', async () => {
  expect((await deltatape(['show', 'give-me-a-word'])).out).toMatch(
    /\nanswer {5}200 application\/json, \d+ bytes\n[^]*\nAnswer\nDrizzle\.\n[^]*\n\(body\) +[^]*\nUsage\ninput_tokens 16\n/,
  )
  const dir = await temporaryFolder()
  const call = getCall('/v1/files', { query: '?limit=2&token=abcdefghijklmnop' })
  const fixture = fixtureFor(call, inOnePiece({ data: ['a\u001b[2Jb'] }, 200, 2))
  await writeFile(join(dir, 'mine.jsonl'), formatFixture(fixture))
  const { out } = await deltatape(['show', 'mine', '--fixtures', dir])
  expect(out).toMatch(/\ncall {7}GET \/v1\/files\?limit=2&token=\[redacted:[\w-]+\]\n/)
  expect(out).toContain('\nAnswer\n{\n  "data": [\n    "a\\u001b[2Jb"\n  ]\n}\n')
})

test('control characters are shown, not sent, but for line feeds of the answer', async () => {
  const dir = await folderWith({
    'Say\u001b[2J hi': { events: compose('a').text(['Hi\n', 'there\u001b]0;x\u0007\r']).completed() },
  })
  const { out } = await deltatape(['show', 'say', '--fixtures', dir])
  expect(out).toContain(String.raw`Hi
there\u001b]0;x\u0007\u000d
`)
  expect(out).not.toMatch(/[^\P{Cc}\n]/u)
})

test('what cannot be shown is told, exit code 2', async () => {
  const dir = await folderWith({ 'Say hi': { events: compose('a').text(['Hi']).completed() } })
  const [name = ''] = await listFixtures(dir)
  expect(await deltatape(['show', 'none', '--fixtures', dir])).toEqual({
    code: 2,
    out: '',
    err: expect.stringMatching(/^deltatape: No fixture in /),
  })
  expect(await deltatape(['show', 'my-name'])).toEqual({
    code: 2,
    out: '',
    err: expect.stringMatching(/^deltatape: "my-name" may mean \d fixtures\./),
  })
  await writeFile(join(dir, name), (await readFile(join(dir, name), 'utf8')).slice(0, -20))
  expect(await deltatape(['show', 'say', '--fixtures', dir])).toEqual({
    code: 2,
    out: '',
    err: expect.stringContaining(`${name}:11: this fixture is damaged`),
  })
})
