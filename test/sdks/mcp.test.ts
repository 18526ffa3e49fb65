/** MCP over streamable HTTP: a real server and a real client, whose ids differ in the replay. */
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport, StreamableHTTPError } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { McpError, isInitializeRequest } from '@modelcontextprotocol/sdk/types.js'
import { json } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { type Upstream, inThreeWays, runApi } from './kit.ts'
import { outcomesOf } from './pages.ts'
import type { Endpoint } from './wires/rest.ts'
import { sse } from './wires/wire.ts'

function makeServer(): McpServer {
  const server = new McpServer({ name: 'weather', version: '1.0.0' })
  server.registerTool('get_weather', { inputSchema: { city: z.string() } }, ({ city }) => ({
    content: [{ type: 'text', text: `21 degrees in ${city}` }],
  }))
  return server
}

/** @param inJson whether answers are JSON bodies in place of event streams */
async function runMcp(inJson: boolean): Promise<Upstream> {
  const sessions = new Map<string, StreamableHTTPServerTransport>()
  const http = createServer(async (request, response) => {
    const body = request.method === 'POST' ? await json(request) : undefined
    let transport = sessions.get(String(request.headers['mcp-session-id']))
    if (!transport && isInitializeRequest(body)) {
      const made = new StreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID,
        enableJsonResponse: inJson,
        onsessioninitialized: (id) => void sessions.set(id, made),
      })
      transport = made
      await makeServer().connect(asTransport(made))
    }
    if (transport) await transport.handleRequest(request, response, body)
    else response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const address = http.address()
  return {
    origin: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`,
    async close() {
      const closed = new Promise((resolve) => http.close(resolve))
      http.closeAllConnections()
      await closed
    },
  }
}

/** The SDK's own transports are not of its type where an optional member must not be undefined. */
const asTransport = (transport: object) => transport as Transport

/** A connected client, and how often it sent each text. */
async function connect(host: string) {
  const sent: string[] = []
  const transport = new StreamableHTTPClientTransport(new URL(`${host}/mcp`), {
    fetch: (url, init) => {
      if (typeof init?.body === 'string') sent.push(init.body)
      return fetch(url, init)
    },
  })
  const client = new Client({ name: 'test', version: '1.0.0' })
  await client.connect(asTransport(transport))
  return { client, sent, [Symbol.asyncDispose]: () => client.close() }
}

const nameOf = (error: unknown) => (error instanceof Error ? error.constructor.name : typeof error)

const weatherIn = (city: string) => ({ name: 'get_weather', arguments: { city } })

test.each([
  ['event streams', false],
  ['JSON bodies', true],
])('initialize, tools/list, tools/call in %s', async (_form, inJson) => {
  const { direct, recorded, replayed } = await inThreeWays(await runMcp(inJson), 'by host', async (host, way) => {
    await using connected = await connect(host)
    const { client, sent } = connected
    const calls = {
      tools: () => client.listTools(),
      paris: () => client.callTool(weatherIn('Paris')),
      rome: () => client.callTool(weatherIn('Rome')),
    }
    // The other way around, every call has another id.
    const names = ['tools', 'paris', 'rome'] as const
    const told: Record<string, unknown> = { server: client.getServerVersion() }
    for (const name of way === 'replayed' ? names.toReversed() : names) told[name] = await calls[name]()
    const ids = sent.map((text) => z.object({ method: z.string(), id: z.number().optional() }).parse(JSON.parse(text)))
    return { told, ids }
  })
  expect(direct.told).toMatchObject({
    server: { name: 'weather' },
    tools: { tools: [{ name: 'get_weather' }] },
    rome: { content: [{ type: 'text', text: '21 degrees in Rome' }] },
  })
  expect(recorded.told).toEqual(direct.told)
  expect(replayed.told).toEqual(direct.told)
  expect(replayed.ids).not.toEqual(direct.ids)
})

test('a miss is its own error, with the words of deltatape, and it asks once', async () => {
  const { replayed } = await inThreeWays(await runMcp(false), 'by host', async (host, way) => {
    await using connected = await connect(host)
    if (way !== 'replayed') return undefined
    const error: unknown = await connected.client.callTool(weatherIn('Atlantis')).catch((thrown: unknown) => thrown)
    return { error, asked: connected.sent.filter((text) => text.includes('Atlantis')).length }
  })
  expect(replayed?.error).toSatisfy((error) => error instanceof McpError || error instanceof StreamableHTTPError)
  expect(await outcomesOf('mcp callTool')).toMatchObject({ 'no fixture': nameOf(replayed?.error) })
  expect(String(replayed?.error)).toContain('No fixture for this request')
  expect(replayed?.asked).toBe(1)
})

/** A server whose tools say something, and then break off. */
const cutting: Endpoint = {
  path: /^\/mcp$/,
  answer({ method, body: { id, method: asked } }) {
    const headers = { 'content-type': 'application/json' }
    if (method !== 'POST') return { status: 405, headers, body: '' }
    if (id === undefined) return { status: 202, headers, body: '' }
    const about = {
      protocolVersion: '2025-11-25',
      capabilities: { tools: {} },
      serverInfo: { name: 'w', version: '1' },
    }
    if (asked === 'initialize') return { headers, body: JSON.stringify({ jsonrpc: '2.0', id, result: about }) }
    const told = { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 'I look.' } }
    return { steps: sse([told]).map((raw) => ({ raw })) }
  },
}

test('an answer that is cut before its response is waited for in vain, from a replay too', async () => {
  const made = await inThreeWays(
    await runApi(cutting),
    'by host',
    async (host) => {
      await using connected = await connect(host)
      const asking = connected.client.callTool(weatherIn('Paris'), undefined, { timeout: 200 })
      return nameOf(await asking.catch((thrown: unknown) => thrown))
    },
    { RECORD_FAILURES: '1' },
  )
  const { 'cut between two events': said } = await outcomesOf('mcp callTool')
  expect(made).toEqual({ direct: said, recorded: said, replayed: said })
})
