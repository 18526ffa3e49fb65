/** Which model a call asks, told without reading a long request. */
import { type Call, contentText } from '../../api/call.ts'
import { type JsonObject, parseObject } from '../../base/json.ts'
import { shortened } from '../../base/name.ts'

type Asked = Pick<Call, 'api' | 'method' | 'path' | 'content'>

/** Most requests begin with it. */
const FIRST = /^\s*\{\s*"model"\s*:\s*"([^"\\]{0,200})"/

const FIRST_BYTES = 300

/** A longer request is not parsed for it, in bytes. */
const MAX_PARSED = 64 * 1024

/** The model that is asked; empty if none is named, or it stands too far behind. */
export const modelAsked = (call: Asked): string => shortened(call.api.modelOf(call, beginningOf(call)))

/** The request, or as much of it as is known of a long one. */
function beginningOf(call: Asked): JsonObject {
  const { buffer, byteOffset, byteLength } = call.content
  const start = Buffer.from(buffer, byteOffset, Math.min(byteLength, FIRST_BYTES)).toString('utf8')
  const model = FIRST.exec(start)?.[1]
  if (model !== undefined) return { model }
  const isJson = byteLength <= MAX_PARSED && start.trimStart().startsWith('{')
  return (isJson ? parseObject(contentText(call)) : undefined) ?? {}
}
