import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { listFixtures } from '../../server/store/directory.ts'
import { compose } from '../kit/answers.ts'
import { deltatape, folderWith } from '../kit/tools.ts'

test('all of a fixture, at 80 columns', async () => {
  const { code, out, err } = await deltatape(['show', 'my-name-is-ada-3'])
  expect([code, err]).toEqual([0, ''])
  expect(out).toMatch(/^my-name-is-ada-3bb5b98998fd\.jsonl\nkey {8}3bb5b98998fd/)
  expect(out).toContain('\nRequest\n{\n  "model": "gpt-4.1-mini",\n')
  expect(out).toContain('\nAnswer\nNice to meet you, Ada! What can I do for you?\n')
  expect(out).toMatch(/\noutput_text {2,}[▁▂▃▄▅▆▇█ ]+ {2}15\nfirst delta +▲ 215 ms\nlongest gap .*29 ms/)
  expect(out).toContain('\nUsage\ninput_tokens 16\noutput_tokens 14\ntotal_tokens 30\n')
  expect(out).toMatch(/\nEnded\ncompleted after 469 ms\n$/)
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
    /\nAnswer\nno text\n[^]*\nEnded\nrefused after 11 ms\nThe API refused the request with HTTP 429: Rate limit/,
  )
  expect((await deltatape(['show', 'what-is-the-weather'])).out).toContain(
    '\nno text\nfunction_call get_weather {"city":"Paris","unit":"celsius"}\n',
  )
  expect((await deltatape(['show', 'what-is-my-name'])).out).toMatch(/\ncontinues {2}[0-9a-f]{64}\n/)
})

test('--json has the request, the answer and the time of every event', async () => {
  const { code, out } = await deltatape(['show', 'my-name-is-ada-3', '--json'])
  expect(code).toBe(0)
  expect(JSON.parse(out)).toMatchObject({
    name: 'my-name-is-ada-3bb5b98998fd.jsonl',
    request: { input: 'My name is Ada.' },
    answer: 'Nice to meet you, Ada! What can I do for you?',
    ending: 'completed',
    firstDeltaMs: 215,
    usage: { total_tokens: 30 },
    timeline: { end: 469, lanes: [{ family: 'response', times: [201, 201, 468] }, {}, {}, {}] },
  })
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
    err: expect.stringMatching(/^deltatape: "my-name" may mean 4 fixtures\./),
  })
  await writeFile(join(dir, name), (await readFile(join(dir, name), 'utf8')).slice(0, -20))
  expect(await deltatape(['show', 'say', '--fixtures', dir])).toEqual({
    code: 2,
    out: '',
    err: expect.stringContaining(`${name}:11: this fixture is damaged`),
  })
})
