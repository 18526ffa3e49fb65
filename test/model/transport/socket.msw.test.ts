import { HttpResponse, http, ws } from 'msw'
import { setupServer } from 'msw/node'
import { expect, onTestFinished, test, vi } from 'vitest'
import { connectTo, goodTurn, startApi } from './sockets.ts'

test.each([
  ['whatever is sent over HTTP', http.all('*', () => HttpResponse.text('mocked'))],
  ['every WebSocket', ws.link('ws://*/*').addEventListener('connection', ({ client }) => client.close())],
])('an application that mocks %s in its tests changes nothing', async (_what, handler) => {
  const mocks = setupServer(handler)
  mocks.listen()
  vi.stubGlobal('WebSocket', undefined)
  onTestFinished(() => {
    mocks.close()
    vi.unstubAllGlobals()
  })
  const api = await startApi()
  const { transport } = connectTo(api.baseURL)
  const line = await goodTurn(transport, api.next())
  await goodTurn(transport, line)
  expect(api.lines).toHaveLength(1)
})
