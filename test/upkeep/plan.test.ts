import { describe, expect, test } from 'vitest'
import { contentText } from '../../server/api/call.ts'
import type { Call } from '../../server/api/call.ts'
import type { Candidate } from '../../server/fixture/fixture.ts'
import { fileName, identify } from '../../server/fixture/key.ts'
import { createRoutes } from '../../server/model/transport/route.ts'
import { createRedactor } from '../../server/redact/redactor.ts'
import { callFor, planRefresh, select, type Plan, withKeys } from '../../server/upkeep/plan.ts'
import { callOf } from '../kit/calls.ts'
import { getCall } from '../kit/fixtures.ts'

const redactor = createRedactor()

const AWS_KEY = `AKIA${'IOSFODNN7EXAMPLE'}`

const routes = createRoutes({ baseURL: 'https://api.openai.com/v1', apiKey: 'sk-test' })

type Json = Readonly<Record<string, unknown>>

function fixtureFor(
  call: Call,
  { at = '2026-11-24T10:00:00.000Z', previousKey = '', responseId = '' } = {},
): Candidate {
  const identity = identify(call, redactor, previousKey || undefined)
  return { ...identity, name: fileName(identity), responseId, recorded: { at, upstream: 'stand-in' } }
}

const fixture = (body: Json, more: { at?: string; previousKey?: string } = {}): Candidate =>
  fixtureFor(callOf({ model: 'm', ...body }), { ...more, responseId: `resp_${String(body.input)}` })

const after = (parent: Candidate, input: string) =>
  fixture({ input, previous_response_id: `old_${input}` }, { previousKey: parent.key })

const ada = fixture({ input: 'I am Ada' })
const name = after(ada, 'My name?')
const spell = after(name, 'Spell it')
const paris = fixture({ input: [{ role: 'user', content: 'Weather in Paris?' }], model: 'large' }, { at: '2026-01-01' })
const ALL = [paris, spell, name, ada]

const sent = ({ send }: Plan) => send.map((each) => String(each.fixture.request.input))
const ANY = { words: [], model: undefined, before: undefined }

/** The body that is sent for the only request of a plan, or its last. */
const bodyOf = ({ send }: Plan, newId?: string): string => {
  const planned = send.at(-1)
  return planned ? contentText(callFor(planned, newId)) : ''
}

/** A fixture alone, as it is planned. */
const planFor = (each: Candidate) => planRefresh([each], [each], redactor, [], routes)

describe('select', () => {
  test.each([
    ['all', {}, ALL],
    ['by a word of the input, in whatever case', { words: ['PARIS'] }, [paris]],
    ['by a part of the name', { words: [ada.name.slice(-14)] }, [ada]],
    ['by several words that it holds', { words: ['Paris', 'weather'] }, [paris]],
    ['none that lacks one of them', { words: ['paris', 'spell'] }, []],
    ['by the model', { model: 'large' }, [paris]],
    ['by a part of the model', { model: 'l*g*' }, [paris]],
    ['by the model in full only', { model: 'larg.' }, []],
    ['by age', { before: new Date('2026-06-01') }, [paris]],
    ['by all of it', { words: ['ada'], before: new Date('2026-06-01') }, []],
  ])('%s', (_how, selection, expected) => {
    expect(select(ALL, { ...ANY, ...selection })).toEqual(expected)
  })

  test('a date that cannot be read is long ago', () => {
    const odd = fixture({ input: 'Hi' }, { at: 'yesterday' })
    expect(select([odd], { ...ANY, before: new Date(0) })).toEqual([odd])
  })
})

describe('planRefresh', () => {
  test('sends each turn of a conversation after the one before, together', () => {
    const other = fixture({ input: 'Other' })
    expect(sent(planRefresh([...ALL, other], [spell, other, name, ada], redactor, [], routes))).toEqual([
      'I am Ada',
      'My name?',
      'Spell it',
      'Other',
    ])
  })

  test('begins with what a selected turn continues, and says that it was not selected', () => {
    const { send } = planRefresh(ALL, [spell], redactor, [], routes)
    expect(send.map(({ fixture: { key }, selected, after: parent }) => [key, selected, parent?.key])).toEqual([
      [ada.key, false, undefined],
      [name.key, false, ada.key],
      [spell.key, true, name.key],
    ])
  })

  test('a turn whose beginning no fixture holds is sent alone, as it was', () => {
    expect(bodyOf(planFor(name))).toBe(name.requestText)
  })

  test('a request that was redacted is skipped; what continues it is sent with the id of its answer', () => {
    const secret = fixture({ input: 'My key is [redacted:aws-key]' })
    const next = after(secret, 'Which key?')
    const plan = planRefresh([secret, next], [secret, next], redactor, [], routes)
    expect(plan.skipped).toEqual([{ name: secret.name, why: expect.stringContaining('holds [redacted:aws-key]') }])
    expect(plan.send).toHaveLength(1)
    expect(JSON.parse(bodyOf(plan))).toMatchObject({ input: 'Which key?', previous_response_id: secret.responseId })
  })

  test.each<[string, Candidate, RegExp]>([
    [
      'with a placeholder in its query',
      fixtureFor(getCall('/v1/a', { query: `?api_key=abcdefghijklmnop` })),
      /holds \[redacted:/,
    ],
    ['with a placeholder in its path', fixtureFor(getCall(`/v1/${AWS_KEY}`)), /holds \[redacted:/],
    [
      'with a secret in its path',
      { ...fixtureFor(getCall('/v1/a')), call: { method: 'GET', path: `/v1/${AWS_KEY}` } },
      /holds a secret/,
    ],
    ['with a secret that nobody took out', { ...ada, requestText: `{"input":"${AWS_KEY}"}` }, /holds a secret/],
    [
      'whose body was no JSON',
      fixtureFor(callOf({}, { path: '/v1/files', content: Buffer.from('--form') })),
      /no JSON object/,
    ],
    ['whose body was bytes', fixtureFor(callOf({}, { path: '/v1/files', content: Buffer.of(0xff) })), /no JSON object/],
  ])('a request %s is skipped', (_what, each, why) => {
    expect(planFor(each)).toMatchObject({ send: [], skipped: [{ name: each.name, why: expect.stringMatching(why) }] })
  })

  test('a request that holds what a rule of the user put there is skipped', () => {
    const hidden = fixture({ input: 'Write to [email]' })
    expect(planRefresh([hidden], [hidden], redactor, ['[email]'], routes).skipped).toMatchObject([
      { why: expect.stringContaining('its request holds [email]') },
    ])
  })
})

describe('what is sent', () => {
  test('is what the app sent, to the last digit, with the id of the new answer that it continues', () => {
    const text =
      '{"model":"m","input":"Next","metadata":{"n":9007199254740993},"store":false,"previous_response_id":"old"}'
    const content = Buffer.from(text)
    const next = fixtureFor({ ...callOf({}), content, body: content }, { previousKey: ada.key })
    expect(bodyOf(planFor(next))).toBe(text)
    const plan = planRefresh([next, ada], [next], redactor, [], routes)
    expect(bodyOf(plan)).toBe(text.replace('"old"', '"resp_I am Ada"'))
    expect(bodyOf(plan, 'resp_new')).toBe(text.replace('"old"', '"resp_new"'))
  })

  const callTo = (call: Call): Partial<Call> => {
    const [planned] = planFor(fixtureFor(call)).send
    return planned ? callFor(planned, undefined) : {}
  }

  test('asks the Responses API in the own name of deltatape, with `stream` only if the app did', () => {
    const call = callTo(callOf({ model: 'm', input: 'Hi', stream: undefined }))
    expect(call).toMatchObject({ method: 'POST', path: '/v1/responses', own: true, query: '' })
    expect(call.headers).toEqual([['content-type', 'application/json']])
    expect(call.content?.toString()).toBe('{"model":"m","input":"Hi"}')
  })

  test('asks other APIs as their clients did', () => {
    const post = callTo(callOf({ input: ['a b'] }, { path: '/v1/embeddings', query: '?a=1&b=c%20d' }))
    expect(post).toMatchObject({ method: 'POST', path: '/v1/embeddings', query: '?a=1&b=c+d' })
    expect(post.own).toBeUndefined()
    const get = callTo(getCall('/v1/models'))
    expect(get).toMatchObject({ method: 'GET', path: '/v1/models', headers: [] })
    expect(get.body).toHaveLength(0)
  })
})

describe('a request goes', () => {
  const chat = (host?: string, path = '/v1/chat/completions') =>
    fixtureFor(callOf({ model: 'm' }, { path, ...(host === undefined ? {} : { to: { upstream: host, host } }) }))

  const destinationOf = (each: Candidate, settings = {}) => {
    const to = createRoutes({ baseURL: 'https://api.openai.com/v1', apiKey: 'sk-test', ...settings })
    const { send, skipped } = planRefresh([each], [each], redactor, [], to)
    return { to: send[0]?.to, why: skipped[0]?.why }
  }

  test('to the service of its API, or to the host that it was asked of', () => {
    expect(destinationOf(chat()).to).toMatchObject({ base: 'https://api.openai.com/v1' })
    expect(destinationOf(chat('api.mistral.ai')).to).toMatchObject({ base: 'https://api.mistral.ai', asIs: true })
    const groq = chat('api.groq.com', '/openai/v1/chat/completions')
    expect(destinationOf(groq).to).toMatchObject({ base: 'https://api.groq.com', service: { name: 'Groq' } })
    const there = { baseURLs: { GROQ_BASE_URL: 'https://gateway.example' } }
    expect(destinationOf(groq, there).to).toMatchObject({ base: 'https://gateway.example' })
  })

  test('nowhere, if its host may not be called', () => {
    expect(destinationOf(chat('llm.example'))).toEqual({
      to: undefined,
      why: expect.stringContaining('Calls to "llm.example" are not allowed here, and nothing was sent.'),
    })
    expect(destinationOf(chat('llm.example'), { upstreams: ['llm.example'] }).to).toMatchObject({
      upstream: 'llm.example',
    })
    expect(destinationOf(chat('10.0.0.1')).to).toBeUndefined()
  })

  test('in its own name to no host but the own one', () => {
    const [planned] = planRefresh(
      [],
      [fixtureFor(callOf({ model: 'm', input: 'Hi' }, { to: { upstream: 'x', host: 'api.x.ai' } }))],
      redactor,
      [],
      routes,
    ).send
    const call = planned && callFor(planned, undefined)
    expect(call).toMatchObject({ to: { upstream: 'api.x.ai' } })
    expect(call?.own).toBeUndefined()
  })

  test('without the key that stood in its query: the own one takes its place', () => {
    const gemini = fixtureFor(
      callOf({}, { path: '/v1beta/models/m:generateContent', query: '?key=abcdefghijklmnop&alt=sse' }),
    )
    const [planned] = planRefresh([gemini], [gemini], redactor, [], routes).send
    expect(planned && callFor(planned, undefined).query).toBe('?alt=sse')
  })

  test('with the key of its service, and is left out if there is none', () => {
    const all = [chat(), chat('api.mistral.ai'), fixtureFor(callOf({}, { path: '/api/chat' }))]
    const plan = planRefresh(all, all, redactor, [], routes)
    const { send, skipped, variables } = withKeys(plan, routes)
    expect(send.map(({ to }) => to?.service?.name)).toEqual(['OpenAI', 'Ollama'])
    expect(skipped).toEqual([{ name: all[1]?.name, why: 'Mistral asks for a key, and MISTRAL_API_KEY is not set' }])
    expect(variables).toEqual(['MISTRAL_API_KEY'])
  })
})
