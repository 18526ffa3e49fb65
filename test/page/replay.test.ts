/** A fixture is replayed in a real browser, beside what was recorded. */
import { readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import type { Fixture } from '../../server/fixture/fixture.ts'
import { callOf } from '../kit/calls.ts'
import { fixtureFor } from '../kit/fixtures.ts'
import { type Open, eventually, inBrowser, sideways } from '../kit/browser.ts'
import { servePage } from '../kit/page.ts'
import { answered, fill, ofEveryApi, shelfOf } from '../kit/shelf.ts'
import { temporaryFolder } from '../kit/tools.ts'

const ADA = 'my-name-is-ada-183f01058d02.jsonl'

const at = (url: string, name: string, query = 'pace=instant'): string =>
  `${url}/#/fixtures/${encodeURIComponent(name)}?${query}`

const panelOf = (page: Page) => page.locator('.replay')
const playOf = (page: Page) => panelOf(page).getByRole('button', { name: 'Replay', exact: true })

/** Plays it to the end, and gives what became of the rules. */
async function played(page: Page): Promise<readonly (string | null)[]> {
  await playOf(page).click()
  await panelOf(page).getByRole('button', { name: 'Stop' }).or(playOf(page)).waitFor()
  await panelOf(page).locator('.verdicts').waitFor()
  await playOf(page).waitFor()
  return Promise.all((await panelOf(page).locator('.verdicts li').all()).map((each) => each.getAttribute('data-state')))
}

const ALL_HOLD = ['holds', 'holds', 'holds', 'holds', 'holds']

async function folderOf(...fixtures: readonly Fixture[]): Promise<{ dir: string; names: readonly string[] }> {
  const dir = await temporaryFolder()
  const shelf = shelfOf(...fixtures)
  await fill(dir, shelf)
  return { dir, names: Object.keys(shelf) }
}

/** What a browser says of its own accord of answers that are refused, or that break. */
const REFUSED = [/Failed to load resource/, /did not get .*net::ERR/]

/** What a browser says of a call that its client leaves. */
const LEFT = [/did not get .*-leaves\/.*net::ERR_ABORTED/]

async function expectAccessible(page: Page): Promise<void> {
  await page.evaluate(await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'))
  const found = await page.evaluate<string[]>(
    "axe.run('.replay').then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join()))",
  )
  expect(found).toEqual([])
}

const replays = (open: Open): void => {
  test('a turn of a chat comes as it was recorded, and what always holds is seen to hold', async () => {
    const page = await open(at((await servePage()).url, ADA))
    expect(await played(page)).toEqual(ALL_HOLD)
    const panel = panelOf(page)
    await panel.getByRole('row', { name: 'Frames 15 15' }).waitFor()
    expect(await panel.getByRole('group', { name: 'Replayed: the text' }).innerText()).toBe(
      'Nice to meet you, Ada! What can I do for you?',
    )
    await expect
      .poll(() => panel.getByRole('status').last().innerText())
      .toBe('The replay is over: 15 frames, message.')
    expect(await panel.getByRole('region', { name: 'Where it differs' }).count()).toBe(0)
    // What is drawn has the width that the panel gives it.
    for (const strip of await panel.getByRole('img').all()) {
      expect((await strip.boundingBox())?.width).toBeGreaterThan(400)
    }
  })

  test('a fault is taken from the play head, stands in the address, and breaks the replay there', async () => {
    const { url } = await servePage()
    const page = await open(at(url, ADA, 'pace=instant&e=7'))
    const here = panelOf(page).getByRole('button', { name: /^Break here/ })
    const [, count = ''] = /after (\d+) event/.exec(await here.innerText()) ?? []
    await here.click()
    await eventually(() => expect(page.url()).toContain(`fault=reset%40${count}`))
    await page.reload()
    expect(await panelOf(page).getByLabel('after events').inputValue()).toBe(count)
    await panelOf(page).getByLabel('after events').fill('7')
    await panelOf(page).getByLabel('after events').press('Tab')
    expect(await played(page)).toEqual(['holds', 'unchecked', 'holds', 'holds', 'holds'])
    await panelOf(page).getByText('The replay is another one from frame 4 on, as reset@7 says.').waitFor()
    await panelOf(page)
      .getByText(/^npx deltatape serve .*--fault reset@7$/)
      .waitFor()
  })

  test.each([
    ['drop@7', ['holds', 'unchecked', 'unchecked', 'holds', 'holds'], 'closed 1006'],
    ['refuse:429', ['holds', 'unchecked', 'holds', 'holds', 'holds'], 'error upstream_refused'],
    ['delay:5ms@3', ALL_HOLD, 'message'],
    ['truncate@999', ALL_HOLD, 'message'],
    ['delay:1ms@2,error@5', ['holds', 'unchecked', 'holds', 'holds', 'holds'], 'error upstream_error'],
  ])('by %s a turn of a chat ends as the fault says', async (fault, states, end) => {
    const page = await open(at((await servePage()).url, ADA, `pace=instant&fault=${fault}`))
    expect(await played(page)).toEqual(states)
    expect(await panelOf(page).locator('.numbers tbody tr').last().innerText()).toContain(end)
  })

  test.each(ofEveryApi().filter(({ name }) => /messages|gemini|lines/.test(name)))(
    'an answer of $name comes as it was recorded, to the byte',
    async ({ fixture }) => {
      const { dir, names } = await folderOf(fixture)
      const url = at((await servePage({ FIXTURES_DIR: dir })).url, names[0] ?? '')
      const page = await open(url, { expected: LEFT })
      expect(await played(page)).toEqual(ALL_HOLD)
      await panelOf(page).getByText(', as recorded.').last().waitFor()
    },
  )

  test('an answer of bytes comes as it was recorded', async () => {
    const { dir, names } = await folderOf(
      fixtureFor(callOf({ input: 'Say it' }, { path: '/v1/audio/speech' }), {
        response: { status: 200, headers: [['content-type', 'audio/mpeg']], framing: 'text' },
        records: [{ at: 5, wire: Buffer.from(Array.from({ length: 3000 }, (_, index) => (index * 7) % 256)) }],
      }),
    )
    const page = await open(at((await servePage({ FIXTURES_DIR: dir })).url, names[0] ?? ''), { expected: LEFT })
    expect(await played(page)).toEqual(['holds', 'unchecked', 'holds', 'holds', 'holds'])
  })

  test('a body breaks where the fault says', async () => {
    const [streamed] = ofEveryApi().filter(({ name }) => name.startsWith('messages'))
    if (!streamed) throw new Error('There are no messages.')
    const { dir, names } = await folderOf(streamed.fixture)
    const url = at((await servePage({ FIXTURES_DIR: dir })).url, names[0] ?? '', 'pace=instant&fault=reset@2')
    const page = await open(url, { expected: REFUSED })
    expect(await played(page)).toEqual(['holds', 'unchecked', 'holds', 'holds', 'holds'])
    await panelOf(page)
      .getByText(/ends before byte [\d,]+ of [\d,]+, as reset@2 says/)
      .waitFor()
  })

  test('the second take is played behind the first, each time', async () => {
    const [one, two] = ['first', 'second'].map((text) => answered('Which take?', { text: `The ${text} one.` }))
    if (!one || !two) throw new Error('There are two.')
    const { dir, names } = await folderOf(one, { ...two, take: 2 })
    const page = await open(at((await servePage({ FIXTURES_DIR: dir })).url, names[1] ?? ''))
    for (const nth of ['first', 'second']) {
      expect([nth, await played(page)]).toEqual([nth, ALL_HOLD])
      expect(await panelOf(page).getByRole('group', { name: 'Replayed: the text' }).innerText()).toBe('The second one.')
    }
  })

  test('it is stopped by its button, by leaving, and its names end', async () => {
    const server = await servePage()
    const page = await open(at(server.url, ADA, 'pace=60000ms'))
    await playOf(page).click()
    await panelOf(page).getByRole('button', { name: 'Stop' }).click()
    await playOf(page).waitFor()
    await panelOf(page).getByRole('row', { name: 'stopped' }).waitFor()
    await playOf(page).click()
    await page.goto(`${server.url}/#/fixtures`)
    await eventually(() =>
      expect(server.lines.filter((line) => /cancelled .*\/@page-[^/]*\/ws-stream/.test(line)).length).toBe(2),
    )
  })

  test('a fixture that is not there any more is told in the words of the miss', async () => {
    const made = answered('Where is it?', { text: 'Here.' })
    const { dir, names } = await folderOf(made)
    const server = await servePage({ FIXTURES_DIR: dir })
    const page = await open(at(server.url, names[0] ?? ''))
    await playOf(page).waitFor()
    await rm(`${dir}/${names[0]}`)
    expect((await played(page)).at(-1)).toBe('broken')
    await panelOf(page)
      .getByText(/fixture_miss: No fixture for this request/)
      .waitFor()
  })

  test('where a replay would call the API there is none', async () => {
    const page = await open(at((await servePage({ MODEL_MODE: 'auto', OPENAI_API_KEY: 'none' })).url, ADA))
    await panelOf(page)
      .getByText(/in auto mode: a replay would call the API/)
      .waitFor()
    expect(await playOf(page).count()).toBe(0)
  })

  test('with a token all of it is played', async () => {
    const { url } = await servePage({ AUTH_TOKEN: 'sesame-sesame' })
    const page = await open(`${at(url, ADA)}&token=sesame-sesame`)
    expect(await played(page)).toEqual(ALL_HOLD)
  })

  test.each([
    ['light', 400],
    ['dark', 400],
    ['light', 1280],
    ['dark', 1280],
  ] as const)('axe finds nothing (%s, %i), and nothing is wider than the page', async (theme, width) => {
    const url = at((await servePage()).url, ADA, 'pace=instant&fault=reset@7')
    const page = await open(url, { theme, width })
    await played(page)
    await expectAccessible(page)
    expect(await sideways(page)).toBe(0)
  })
}

inBrowser('replay', replays)
