/** Finds secrets in texts by the rules of secretlint, which others keep up to date: a second opinion beside our own. */
import { lintSource } from '@secretlint/core'
import { rules } from '@secretlint/secretlint-rule-preset-recommend'

export interface Secret {
  /** Where it begins in its text. */
  readonly offset: number
  /** Whose it is: `openai`, `github`, … */
  readonly kind: string
}

/** All recommended rules. Comments cannot turn them off, since a prompt may hold such a comment. */
const config = {
  rules: rules.filter(({ meta }) => !meta.id.endsWith('-filter-comments')).map((rule) => ({ id: rule.meta.id, rule })),
}

const PREFIX = '@secretlint/secretlint-rule-'

/** Separates the texts: no rule reads across it. The whole begins with it, too, since secretlint cuts off a byte order mark. */
const BETWEEN = '\n\0\n'

/** From this length on unbroken base64 is data, in which chance alone makes tokens. */
const DATA_CHARS = 200

const DATA_BEFORE = /[A-Za-z0-9+/_-]*$/

const DATA_AFTER = /^[A-Za-z0-9+/_-]*/

/**
 * Finds the secrets in each of several texts. A call costs as much as some 20 kB of text, however little it is given: pass
 * many small texts at once.
 */
export async function findSecrets(texts: readonly string[]): Promise<Secret[][]> {
  const found: Secret[][] = texts.map(() => [])
  const content = BETWEEN + texts.join(BETWEEN)
  const { messages } = await lintSource({
    source: { content, filePath: 'fixture.jsonl', ext: '.jsonl', contentType: 'text' },
    options: { config, noPhysicFilePath: true, maskSecrets: true },
  })
  let index = 0
  let start = BETWEEN.length
  for (const { range, ruleId } of messages.toSorted((a, b) => a.range[0] - b.range[0])) {
    let text = texts[index] ?? ''
    while (range[0] >= start + text.length && index < texts.length - 1) {
      start += text.length + BETWEEN.length
      text = texts[++index] ?? ''
    }
    const offset = range[0] - start
    if (!isData(text, offset)) found[index]?.push({ offset, kind: ruleId.replace(PREFIX, '') })
  }
  return found
}

/** Whether a place is inside of long unbroken base64. At the beginning of it there may be a token, however long it is. */
function isData(text: string, offset: number): boolean {
  const before = DATA_BEFORE.exec(text.slice(Math.max(0, offset - DATA_CHARS), offset))?.[0].length ?? 0
  const after = DATA_AFTER.exec(text.slice(offset, offset + DATA_CHARS))?.[0].length ?? 0
  return before > 0 && before + after >= DATA_CHARS
}
