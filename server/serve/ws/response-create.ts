/** A `response.create` and the events of its answer as JSON texts: members are put in and taken out, the others stay. */
import { endOfString } from '../../base/json-text.ts'

/** Members that belong to the WebSocket, or that it implies. */
const OF_THE_SOCKET: ReadonlySet<string> = new Set(['type', 'stream_id', 'stream'])

/**
 * The text of a `response.create` as the body of a `POST /v1/responses` that asks for the same as a stream. The values
 * of the other members stay as they were sent: numbers, escapes, duplicates.
 */
export const asPosted = (message: string): string =>
  `{${[...membersOf(message, OF_THE_SOCKET), '"stream":true'].join(',')}}`

/** Puts a member in front of the others of an object. */
export function withMember(text: string, name: string, value: string): string {
  const rest = text.slice(text.indexOf('{') + 1)
  return `{${JSON.stringify(name)}:${JSON.stringify(value)}${/^\s*\}/.test(rest) ? '' : ','}${rest}`
}

/** Takes a member out of an object. */
export const withoutMember = (text: string, name: string): string => `{${membersOf(text, new Set([name])).join(',')}}`

/** The texts of the members of a JSON object, in order, but for those with these names. */
function membersOf(text: string, but: ReadonlySet<string>): string[] {
  const members: string[] = []
  const next = /["[\]{},:]/g
  let depth = 0
  let member: { readonly start: number; readonly name: string } | undefined
  for (let found = next.exec(text); found; found = next.exec(text)) {
    const { 0: mark, index } = found
    if (mark === '"') {
      next.lastIndex = endOfString(text, index)
      if (depth === 1) member ??= { start: index, name: String(JSON.parse(text.slice(index, next.lastIndex))) }
    } else if (mark === '{' || mark === '[') {
      depth++
    } else if (mark !== ':') {
      if (mark !== ',') depth--
      const ends = depth === (mark === ',' ? 1 : 0)
      if (!ends || !member) continue
      if (!but.has(member.name)) members.push(text.slice(member.start, index).trimEnd())
      member = undefined
    }
  }
  return members
}
