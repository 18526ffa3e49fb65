/** JSON text, rewritten in place: what is not touched stays as it was, to the byte. */

interface Token {
  /** A string with its quotes, or one of `{}[],:`. */
  readonly text: string
  readonly start: number
}

/** The tokens of a JSON text that give it its shape, without its numbers and words. Linear, however long a string. */
function* tokensOf(text: string): Generator<Token> {
  const next = /["[\]{},:]/g
  for (let found = next.exec(text); found; found = next.exec(text)) {
    const { 0: mark, index: start } = found
    if (mark === '"') next.lastIndex = endOfString(text, start)
    yield { text: mark === '"' ? text.slice(start, next.lastIndex) : mark, start }
  }
}

/** Behind the closing quote of the string that begins at `start`: the first one with no odd row of backslashes before it. */
function endOfString(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); quote !== -1; quote = text.indexOf('"', quote + 1)) {
    let slash = quote
    while (text[slash - 1] === '\\') slash--
    if ((quote - slash) % 2 === 0) return quote + 1
  }
  return text.length
}

/**
 * Rewrites the strings of a JSON text and leaves every other byte as it is: white space, number forms, member order
 * and duplicate members survive, which parsing and serialising again would lose.
 *
 * `rewrite` gets each string, the name of the member that holds it (that of the nearest object around it where it
 * stands in an array), and its depth (1 for the members of the outermost object). Member names are passed as strings
 * of the object that they stand in, with an empty name.
 */
export function rewriteStrings(text: string, rewrite: (value: string, name: string, depth: number) => string): string {
  const open: { object: boolean; name: string; expectsName: boolean }[] = []
  let top: (typeof open)[number] | undefined
  let written = ''
  let kept = 0
  for (const { text: token, start } of tokensOf(text)) {
    if (token === '{' || token === '[') {
      top = { object: token === '{', name: top?.name ?? '', expectsName: token === '{' }
      open.push(top)
    } else if (token === '}' || token === ']') {
      open.pop()
      top = open.at(-1)
    } else if (token === ',') {
      if (top) top.expectsName = top.object
    } else if (token === ':') {
      if (top) top.expectsName = false
    } else {
      const value = valueOf(token)
      const isName = top?.expectsName ?? false
      if (isName && top) top.name = value
      const replaced = rewrite(value, isName ? '' : (top?.name ?? ''), open.length)
      if (replaced === value) continue
      written += text.slice(kept, start) + JSON.stringify(replaced)
      kept = start + token.length
    }
  }
  return written + text.slice(kept)
}

/**
 * Replaces values of a JSON text by strings, and leaves every other byte as it is.
 *
 * @param pick gives what is to stand at a place, the names and indices from the outermost value on; undefined leaves
 *   the value. What is in a value that is replaced is not asked for.
 * @param replaced is told what was put somewhere, where it did not stand there already
 */
export function rewriteValues(
  text: string,
  pick: (place: readonly (string | number)[]) => string | undefined,
  replaced: (by: string) => void = () => {},
): string {
  const open: { object: boolean; expectsName: boolean }[] = []
  const place: (string | number)[] = []
  let current: { start: number; depth: number; by: string } | undefined
  let written = ''
  let kept = 0
  const begin = (at: number) => {
    if (current) return
    const by = pick(place)
    if (by !== undefined) current = { start: at + lengthOfSpace(text, at), depth: open.length, by }
  }
  const end = (at: number) => {
    if (current?.depth !== open.length) return
    const { start, by } = current
    const before = text.slice(start, at).trimEnd()
    current = undefined
    if (before === JSON.stringify(by)) return
    written += text.slice(kept, start) + JSON.stringify(by)
    kept = start + before.length
    replaced(by)
  }
  for (const { text: token, start } of tokensOf(text)) {
    const top = open.at(-1)
    if (token === '{') {
      open.push({ object: true, expectsName: true })
      place.push('')
    } else if (token === '[') {
      open.push({ object: false, expectsName: false })
      place.push(0)
      if (text[start + 1 + lengthOfSpace(text, start + 1)] !== ']') begin(start + 1)
    } else if (token === '}' || token === ']') {
      end(start)
      open.pop()
      place.pop()
    } else if (token === ',') {
      end(start)
      const last = place.at(-1)
      if (top) top.expectsName = top.object
      if (typeof last !== 'number') continue
      place[place.length - 1] = last + 1
      begin(start + 1)
    } else if (token === ':') {
      if (top) top.expectsName = false
      begin(start + 1)
    } else if (top?.expectsName) {
      place[place.length - 1] = valueOf(token)
    }
  }
  return written + text.slice(kept)
}

/** How much white space stands there. */
function lengthOfSpace(text: string, at: number): number {
  let end = at
  while (/\s/.test(text[end] ?? '')) end++
  return end - at
}

const valueOf = (token: string): string => (token.includes('\\') ? String(JSON.parse(token)) : token.slice(1, -1))

/**
 * Where the value of a member of the outermost object stands in a JSON text: from its first character to behind its
 * last, white space around it included. Of duplicate members the last counts, as for `JSON.parse`.
 */
export function memberSpan(text: string, name: string): readonly [start: number, end: number] | undefined {
  let depth = 0
  let expectsName = false
  let current = ''
  let start: number | undefined
  let found: [number, number] | undefined
  for (const { text: token, start: index } of tokensOf(text)) {
    if (token === '{' || token === '[') {
      depth++
      expectsName = depth === 1
    } else if (token === '}' || token === ']') {
      depth--
      if (depth === 0 && start !== undefined) found = [start, index]
    } else if (depth === 1 && token === ',') {
      if (start !== undefined) found = [start, index]
      start = undefined
      expectsName = true
    } else if (depth === 1 && token === ':') {
      if (current === name) start = index + 1
      expectsName = false
    } else if (depth === 1 && expectsName) {
      current = valueOf(token)
    }
  }
  return found
}

/** The text of the value of a member of the outermost object, as it stands. */
export function memberText(text: string, name: string): string | undefined {
  const span = memberSpan(text, name)
  return span && text.slice(...span).trim()
}
