/** Redirects: what the fetch of the platform does with them, a fetch in this process does, in every mode. */
import { describe, expect, test } from 'vitest'
import { createFetch } from '../../server/package/fetch.ts'
import type { Answer, Call } from '../kit/standin.ts'
import { runStandIn, temporaryFolder } from '../kit/tools.ts'

const HEADERS = { 'content-type': 'application/json', authorization: 'Bearer sk-x', 'x-own': '1' }
const BODY = '{"input":"Hi"}'

/** Where a call is led, and how it is made. */
interface Way extends RequestInit {
  readonly status: number
  readonly location?: string | undefined
  readonly path?: string
}

/** What came of a call: the answer, or what it failed with. */
async function outcomeOf(fetchHere: typeof fetch, address: string, init: RequestInit) {
  try {
    const response = await fetchHere(address, init)
    const { status, url, redirected } = response
    return { status, url, redirected, text: await response.text() }
  } catch (error) {
    const cause = error instanceof TypeError ? error.cause : error
    return { failed: cause instanceof Error ? cause.message : cause }
  }
}

const seen = ({ method, path, text, headers }: Call) => ({
  method,
  path,
  text,
  ...Object.fromEntries(Object.keys(HEADERS).map((name) => [name, headers[name]])),
})

/** What the platform makes of a way, and a fetch in this process: while it calls, while it records, and from the recording. */
async function made({ status, location = '/v1/there', path: from = '/v1/here', ...init }: Way) {
  const elsewhere = await runStandIn(() => ({ body: '{"from":"elsewhere"}' }))
  const there = new URL(elsewhere.url).origin
  const answer = ({ path }: Call): Answer =>
    path === from
      ? { status, headers: { location: location.replace('ELSEWHERE', there) }, body: '{"moved":true}' }
      : path === '/v1/round'
        ? { status: 302, headers: { location: '/v1/round' }, body: '' }
        : { body: '{"from":"there"}' }
  const standIn = await runStandIn(answer)
  const [address, fixturesDir] = [`${new URL(standIn.url).origin}${from}#part`, await temporaryFolder()]
  const upstreams = [new URL(address).host, new URL(there).host]
  const fetches = [
    fetch,
    createFetch({ mode: 'live', upstreams }),
    createFetch({ mode: 'record', upstreams, fixturesDir }),
    createFetch({ mode: 'replay', upstreams, fixturesDir }),
  ]
  const all = []
  for (const each of fetches) {
    const [before, away] = [standIn.calls.length, elsewhere.calls.length]
    const outcome = await outcomeOf(each, address, init)
    const calls = [...standIn.calls.slice(before), ...elsewhere.calls.slice(away)]
    all.push({ outcome, calls: calls.map(seen) })
  }
  return all
}

const WAYS: Readonly<Record<string, Way>> = {
  ...Object.fromEntries(
    [301, 302, 303, 307, 308].flatMap((status) => [
      [`${status} of GET`, { status, headers: HEADERS }],
      [`${status} of HEAD`, { status, method: 'HEAD', headers: HEADERS }],
      [`${status} of POST`, { status, method: 'POST', headers: HEADERS, body: BODY }],
      [`${status} of PUT`, { status, method: 'PUT', headers: HEADERS, body: BODY }],
    ]),
  ),
  'one to another origin, where a credential does not go': { status: 302, location: 'ELSEWHERE/x', headers: HEADERS },
  'one with a query, up from where it was': { status: 307, location: '../v1/there?a=1#b', headers: HEADERS },
  'one of an API that is known, to where a file is': {
    status: 302,
    location: 'ELSEWHERE/x',
    path: '/v1/files/f/content',
  },
  'one that is asked not to be followed': { status: 302, redirect: 'manual' },
  'one that is asked to be an error': { status: 302, redirect: 'error' },
  'a status that leads nowhere': { status: 304 },
}

test.each(Object.entries(WAYS))('%s', async (_name, way) => {
  const [platform, ...own] = await made(way)
  const [live, recorded, replayed] = own
  expect(live).toEqual(platform)
  expect(recorded).toEqual(platform)
  if (way.status !== 304) expect(replayed).toEqual({ outcome: platform?.outcome, calls: [] })
})

describe('a redirect that leads nowhere is an error', () => {
  test.each(['/v1/round', 'data:text/plain,x', 'http://['])('%s', async (location) => {
    const [platform, ...own] = await made({ status: 302, location })
    expect(platform?.outcome).toHaveProperty('failed')
    for (const { outcome, calls } of own.slice(0, 2)) {
      expect(outcome).toHaveProperty('failed')
      expect(calls).toHaveLength(platform?.calls.length ?? 0)
    }
  })
})
