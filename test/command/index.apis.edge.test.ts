/** The whole command on recordings of every kind of API, made by a real server, at 80 columns. */
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { EXCHANGES, type Exchange, recordExchanges, runApis } from '../kit/exchanges.ts'
import { deltatape } from '../kit/tools.ts'

/** A folder with a recording of each exchange, and who answered. */
async function recorded(exchanges: readonly Exchange[] = EXCHANGES) {
  const standIn = await runApis(exchanges)
  return { standIn, ...(await recordExchanges(standIn, exchanges)) }
}

const fixtureOf = async (dir: string, { name }: Pick<Exchange, 'name'>): Promise<string> =>
  (await readdir(dir)).find((each) => new RegExp(`^${name}-[0-9a-f]{12}\\.jsonl$`).test(each)) ?? name

const linesTooLong = (out: string) => out.split('\n').filter((line) => line.length > 80)

describe('ls', () => {
  test('tells the APIs apart, and of each answer its text, its size, or what it is', async () => {
    const { dir } = await recorded()
    const { code, out } = await deltatape(['ls', '--fixtures', dir])
    expect(code).toBe(0)
    expect(linesTooLong(out)).toEqual([])
    const [titles = '', ...rows] = out.trimEnd().split('\n')
    expect(titles.split(/ +/).slice(0, 4)).toEqual(['name', 'api', 'model', 'ending'])
    expect(rows).toHaveLength(EXCHANGES.length)
    expect(rows.find((row) => row.startsWith('gemini-a'))).toMatch(/ gemini +gemini-x +completed +11$/)
    expect(rows.find((row) => row.startsWith('say-it'))).toMatch(/ tts-x +completed +504 B mpeg$/)
    expect(rows.find((row) => row.startsWith('chat-of'))).toMatch(/ localhost:\d+ +mistral-small +completed +10$/)
  })

  test('knows the model and the words of every answer whose row tells them', async () => {
    const { dir } = await recorded()
    const rows: { name: string; text?: string; model: string }[] = JSON.parse(
      (await deltatape(['ls', '--fixtures', dir, '--json'])).out,
    )
    for (const { name, text, model } of EXCHANGES) {
      const row = rows.find((each) => each.name.startsWith(`${name}-`))
      if (text !== undefined) expect(row).toMatchObject({ text, chars: text.length })
      if (model !== undefined) expect(row).toMatchObject({ model })
    }
    const { out } = await deltatape(['ls', 'HELLO', '--fixtures', dir], { columns: 220 })
    expect(out).toMatch(/^gemini-streamed.* gemini-x .* 200 .* Hello gemini$/m)
  })

  test('says how an answer ended that was cut, failed or refused', async () => {
    const broken = EXCHANGES.filter(({ name }) =>
      ['chat-streamed', 'messages-streamed', 'cohere-second'].includes(name),
    )
    const standIn = await runApis(broken, ({ name, type, answer }) => {
      const headers = { 'content-type': type }
      if (name === 'chat-streamed') return { headers, body: String(answer).slice(0, 500) }
      if (name === 'cohere-second') return { status: 429, body: '{"message":"Slow down."}' }
      const error = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }
      return { headers, body: `event: error\ndata: ${JSON.stringify(error)}\n\n` }
    })
    const { dir } = await recordExchanges(standIn, broken, { RECORD_FAILURES: '1' })
    const { out } = await deltatape(['ls', '--fixtures', dir])
    const rows = out.split('\n').map((line) => line.split(/ +/))
    expect(rows.map(([name = '', api, model, ending]) => [name.slice(0, 4), api, model, ending]).slice(1, -1)).toEqual([
      ['chat', 'chat-completions', 'gpt-4o-mini', 'truncated'],
      ['cohe', 'cohere', 'command-x', 'refused'],
      ['mess', 'messages', 'claude-x', 'error'],
    ])
  })
})

describe('show', () => {
  test.each(EXCHANGES)('$name', async (exchange) => {
    const { dir } = await recorded([exchange])
    const [name = ''] = await readdir(dir)
    const { code, out } = await deltatape(['show', name, '--fixtures', dir])
    expect([code, linesTooLong(out)]).toEqual([0, []])
    expect(out).not.toContain('undefined')
    const { text, tokens, model, answer } = exchange
    expect(out).toContain(`, ${Buffer.byteLength(answer).toLocaleString('en')} bytes\n`)
    if (model !== undefined) expect(out).toMatch(new RegExp(`\\napi .*, model ${model}\\n`))
    if (text !== undefined) {
      expect(out).toContain(`\nAnswer\n${text}\n`)
      expect(out).toMatch(/\nfirst delta .*▲/)
    }
    if (tokens) expect(out.slice(out.indexOf('\nUsage\n'))).toMatch(/ 4\n[^]* 5\n/)
  })

  test('a tool call with its arguments, what streams by what it says', async () => {
    const { dir } = await recorded(EXCHANGES.slice(0, 1))
    const { out } = await deltatape(['show', 'chat', '--fixtures', dir])
    expect(out).toContain('\nHello chat\nfunction_call look {"at":1}\n')
    expect(out).toMatch(/\ntext +[▁▂▃▄▅▆▇█ ]+ +2\n/)
    expect(out).toMatch(/\ntool call +[▁▂▃▄▅▆▇█ ]+ +2\n/)
  })

  test('of bytes how they begin, of long lists how long they are, of a stream that nobody knows its events', async () => {
    const { dir } = await recorded()
    const show = async (word: string) => (await deltatape(['show', word, '--fixtures', dir])).out
    expect(await show('say-it')).toContain('\nAnswer\nno text, 504 bytes: 49 44 33 04 80 87 8e 95 …\n')
    expect(await show('embed-me')).toContain('        0.109375,\n        "… of 64"\n')
    expect(await show('an-api')).toContain('\nAnswer\n{"n":1,"part":"Hello"}\n{"n":2,"part":" own"}\n')
  })
})

describe('diff', () => {
  /** How a recording differs from one of an answer that was changed. */
  const between = async (exchange: Exchange, change: (answer: string) => string | Buffer) => {
    const { dir } = await recorded([exchange])
    const changed = { ...exchange, answer: change(String(exchange.answer)) }
    const other = await recorded([changed])
    const [one, two] = [await fixtureOf(dir, exchange), await fixtureOf(other.dir, exchange)]
    const { code, out } = await deltatape(['diff', join(dir, one), join(other.dir, two)])
    expect(linesTooLong(out).filter((line) => !/^[-+]{3} /.test(line))).toEqual([])
    return { code, out }
  }

  const named = (name: string) => {
    const found = EXCHANGES.find((each) => each.name === name)
    if (!found) throw new Error(`no exchange is called ${name}`)
    return found
  }

  test.each(EXCHANGES.filter(({ text }) => text !== undefined))('the text of $name, by word', async (exchange) => {
    const { code, out } = await between(exchange, (answer) => answer.replaceAll('Hello', 'Good day'))
    expect(code).toBe(1)
    expect(out).toMatch(/\nAnswer\n\[-Hello ?-\]\{\+Good day ?\+\}/)
  })

  test.each([
    ['chat-streamed', 'chatcmpl-1', 'chatcmpl-7'],
    ['chat-streamed', '1795000000', '1795000001'],
    ['messages-streamed', 'msg_1', 'msg_7'],
    ['messages-streamed', 'event: ping\ndata: {"type":"ping"}\n\n', ''],
    ['ollama-lines', '"total_duration":7', '"total_duration":8'],
    ['ollama-lines', '2026-11-24T10:00:01Z', '2026-11-24T10:00:02Z'],
  ])('%s: nothing but what changes with every answer, such as %j', async (name, before, after) => {
    const { code, out } = await between(named(name), (answer) => answer.replaceAll(before, after))
    expect([code, out]).toEqual([0, expect.stringContaining('Nothing differs but ids and times.')])
  })

  test('JSON by its members, text by its lines, bytes by their size', async () => {
    expect((await between(named('embed-me'), (text) => text.replace('0.015625', '0.5'))).out).toContain(
      'body.data[0].embedding[1]  0.[-015625-]{+5+}',
    )
    expect((await between(named('request'), (text) => text.replace('two', 'zwei'))).out).toContain(
      'line 2  [-two-]{+zwei+}',
    )
    expect((await between(named('say-it-aloud'), () => Buffer.from([255, 254, 253]))).out).toContain(
      'body  ([-504-]{+3+} bytes)',
    )
    const same = await between(named('say-it-aloud'), () => Buffer.alloc(504, 255))
    expect(same.out).toContain('(504 bytes, SHA-256 ')
  })
})

describe('verify and redact', () => {
  test('find nothing in what was recorded', async () => {
    const { dir } = await recorded()
    expect(await deltatape(['verify', '--fixtures', dir, '--strict'])).toMatchObject({
      code: 0,
      out: `${EXCHANGES.length} fixtures, no problems\n`,
    })
    expect(await deltatape(['redact', '--fixtures', dir])).toMatchObject({ code: 0 })
  })

  test.each(['ANTHROPIC_API_KEY', 'GEMINI_API_KEY', 'MISTRAL_API_KEY'])(
    'find %s itself, whatever it looks like',
    async (variable) => {
      const key = 'the-c0nfigured-key'
      const [exchange] = EXCHANGES
      if (!exchange) throw new Error('no exchange')
      const { dir } = await recorded([{ ...exchange, answer: String(exchange.answer).replace('Hello', key) }])
      const env = { [variable]: key }
      const found = await deltatape(['verify', '--fixtures', dir], { env })
      expect([found.code, found.out]).toEqual([1, expect.stringContaining('it holds a secret: api-key')])
      expect((await deltatape(['redact', '--apply', '--fixtures', dir], { env })).code).toBe(0)
      expect(await readFile(join(dir, (await readdir(dir))[0] ?? ''), 'utf8')).toContain('[redacted:api-key]')
    },
  )

  const CUT = EXCHANGES.filter(
    ({ name, text, type }) => text !== undefined && type !== 'application/json' && !/array/.test(name),
  )

  test.each(CUT)('$name: a stream that is cut while its last line says complete', async (exchange) => {
    const { dir } = await recorded([exchange])
    const path = join(dir, await fixtureOf(dir, exchange))
    const [header = '', first = '', ...rest] = (await readFile(path, 'utf8')).trimEnd().split('\n')
    await writeFile(path, `${[header, first, rest.at(-1)].join('\n')}\n`)
    const { code, out } = await deltatape(['verify', '--fixtures', dir])
    expect([code, out]).toEqual([1, expect.stringContaining('it says "complete", and its answer is truncated')])
  })

  test.each(CUT)('$name: a secret that is split over its deltas', async (exchange) => {
    const secret = `AKIA${'IOSFODNN7EXAMPLE'}`
    const { dir } = await recorded([exchange])
    const path = join(dir, await fixtureOf(dir, exchange))
    const clean = await readFile(path, 'utf8')
    const [, second = ''] = /^Hello(.*)$/.exec(exchange.text ?? '') ?? []
    const planted = clean
      .replace('"Hello"', `"It is ${second === '' ? secret : secret.slice(0, 9)}"`)
      .replace(second === '' ? '\0' : `"${second}"`, `"${secret.slice(9)} for you"`)
    await writeFile(path, planted)
    const { code, out } = await deltatape(['verify', '--fixtures', dir])
    expect([code, out]).toEqual([1, expect.stringMatching(/it holds (?:a secret|secrets): /)])
    expect(out).not.toContain(secret.slice(9))
    expect((await deltatape(['redact', '--fixtures', dir])).code).toBe(1)
    expect((await deltatape(['redact', '--apply', '--fixtures', dir])).code).toBe(0)
    expect((await deltatape(['verify', '--fixtures', dir])).out).not.toContain('it holds')
  })
})
