/** The table of APIs: whose call it is. */
import { expect, test } from 'vitest'
import { apiNamed, apiOf } from '../../server/api/index.ts'

test.each([
  ['POST', '/v1/responses', 'responses'],
  ['POST', '/responses', 'responses'],
  ['GET', '/v1/responses/resp_1', 'responses'],
  ['POST', '/v1/responses/resp_1/cancel', 'responses'],
  ['POST', '/v1/responses/compact', 'responses'],
  ['POST', '/v1/responses/', 'responses'],
  ['POST', '/v1/responsesx', 'any'],
  ['POST', '/v2/responses', 'any'],
  ['POST', '/v1/v1/responses', 'any'],
  ['GET', '/v1/models', 'openai'],
  ['POST', '/v1/embeddings', 'openai'],
  ['POST', '/mcp', 'any'],
  ['POST', '/', 'any'],
])('%s %s is of the row %s', (method, path, name) => {
  expect(apiOf({ method, path }).name).toBe(name)
})

test('a row is found by the name that fixtures give it; one that is not known is any other', () => {
  expect(['responses', 'any', 'elsewhere'].map((name) => apiNamed(name).name)).toEqual(['responses', 'any', 'any'])
})
