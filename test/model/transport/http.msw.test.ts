import { HttpResponse, http } from 'msw'
import { setupServer } from 'msw/node'
import { expect, onTestFinished, test, vi } from 'vitest'
import { makeHttp, open, startCatcher, textOf, whole, withKey } from './network.ts'

test('what an application mocks in its tests changes nothing', async () => {
  const mocks = setupServer(http.all('*', () => HttpResponse.text('mocked')))
  mocks.listen()
  onTestFinished(() => {
    mocks.close()
    vi.unstubAllGlobals()
  })
  const mocked = await fetch('http://127.0.0.1:5555/v1/responses')
  expect(await mocked.text()).toBe('mocked')
  vi.stubGlobal('fetch', () => Promise.reject(new Error('It must not be called.')))

  const catcher = await startCatcher()
  const coming = makeHttp(catcher.baseURL)(withKey(), open())
  const { answer } = await catcher.next()
  answer(whole('real'))
  expect(await textOf(await coming)).toBe('real')
})
