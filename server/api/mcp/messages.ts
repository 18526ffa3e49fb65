/** The messages of JSON-RPC 2.0: requests, responses, notifications, one by one or in a batch. */
import { type JsonObject, type JsonValue, isObject } from '../../base/json.ts'

const isMessage = (value: JsonValue): value is JsonObject => isObject(value) && value.jsonrpc === '2.0'

/** The messages of a body: one, or those of a batch. Undefined if it holds anything else. */
export function messagesIn(value: JsonValue | undefined): readonly JsonObject[] | undefined {
  const all = Array.isArray(value) ? value : value === undefined ? [] : [value]
  return all.length > 0 && all.every(isMessage) ? all : undefined
}

/** Whether a message waits for a response. */
export const isRequest = ({ method, id }: JsonObject): boolean => method !== undefined && id !== undefined

export const isResponse = ({ method, result, error }: JsonObject): boolean =>
  method === undefined && (result !== undefined || error !== undefined)
