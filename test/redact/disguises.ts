/** Secrets as people and programs write them, in other letters; and whether a text still shows one. */

/** Another way to write a secret in a text. */
export type Disguise = (secret: string) => string

const everyByte = (secret: string): string =>
  [...Buffer.from(secret)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')

/** A character in the way that JSON allows for all. */
const escaped = (character: string): string =>
  character.replaceAll(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)

const wrapped = (text: string, width: number, by: string): string =>
  (text.match(new RegExp(`.{1,${width}}`, 'g')) ?? []).join(by)

const hexEscaped = (character: string): string =>
  [...Buffer.from(character, 'latin1')].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')

const inProse = (text: string): string => `It is ${text} now.`

const base64 = (text: string): string => Buffer.from(text).toString('base64')

/** A text that holds the secret in each of these ways. */
export const DISGUISES: Readonly<Record<string, Disguise>> = {
  plain: inProse,
  'in brackets': (secret) => `("${secret}")`,
  base64: (secret) => inProse(base64(secret)),
  'base64 without padding': (secret) => inProse(base64(secret).replace(/=+$/, '')),
  'base64 for addresses': (secret) => inProse(Buffer.from(secret).toString('base64url')),
  'base64 of a login': (secret) => inProse(`Basic ${base64(`user:${secret}`)}`),
  'base64, one byte later': (secret) => inProse(base64(`:${secret}`)),
  'base64, two bytes later': (secret) => inProse(base64(`k=${secret}`)),
  'base64, wrapped': (secret) => `Here:\n${wrapped(base64(`${'first=1\n'.repeat(4)}key=${secret}\n`), 64, '\n')}\nnow.`,
  'base64, wrapped as in mails': (secret) =>
    `Here:\r\n  ${wrapped(base64(`${'first=1\n'.repeat(5)}key=${secret}\n`), 76, '\r\n  ')}\r\nnow.`,
  'base64, wrapped, in JSON': (secret) =>
    JSON.stringify({ data: wrapped(base64(`${'first=1\n'.repeat(4)}key=${secret}\n`), 64, '\n') }),
  'with hexadecimal escapes': (secret) => inProse(secret.replaceAll(/[^a-zA-Z0-9]/g, hexEscaped)),
  'with references to characters': (secret) =>
    inProse([...secret].map((unit, at) => (at % 3 === 1 ? `&#${unit.codePointAt(0)};` : unit)).join('')),
  'with hexadecimal references': (secret) =>
    inProse([...secret].map((unit, at) => (at % 4 === 2 ? `&#x${unit.codePointAt(0)?.toString(16)};` : unit)).join('')),
  'in colours': (secret) => inProse(`\u001B[01;31m\u001B[K${secret.slice(0, 3)}\u001B[m\u001B[K${secret.slice(3)}`),
  'percent-encoded where it has to be': (secret) => `See https://x.example/?q=${encodeURIComponent(secret)}&b=1 now.`,
  'percent-encoded, every byte': (secret) => inProse(everyByte(secret)),
  'percent-encoded, in capitals': (secret) => inProse(everyByte(secret).toUpperCase()),
  'with a zero-width space': (secret) => inProse(`${secret.slice(0, 9)}\u200B${secret.slice(9)}`),
  'with joiners and a mark': (secret) =>
    inProse(`${secret.slice(0, 3)}\u200D${secret.slice(3, 7)}\u2060${secret.slice(7, 11)}\uFEFF${secret.slice(11)}`),
  'with marks of direction': (secret) => inProse(`\u2066${secret.slice(0, 5)}\u202E${secret.slice(5)}\u2069`),
  'with selectors and tags': (secret) =>
    inProse(`${secret.slice(0, 4)}\uFE0F${secret.slice(4, 9)}\u{E0041}\u034F${secret.slice(9)}`),
  'in JSON': (secret) => JSON.stringify({ a: 1, k: inProse(secret) }),
  'in JSON, escaped': (secret) => `{"k":"${[...secret].map(escaped).join('')}"}`,
  'in JSON, half escaped': (secret) =>
    `{"k":"${[...secret].map((character, index) => (index % 2 === 0 ? escaped(character) : JSON.stringify(character).slice(1, -1))).join('')}"}`,
  'in JSON in JSON': (secret) => JSON.stringify({ a: JSON.stringify({ b: [inProse(secret)] }) }),
}

/** Other ways in which JSON writes a string. */
export const JSON_FORMS: Readonly<Record<string, (text: string) => string>> = {
  'as it is': (text) => JSON.stringify(text),
  'all escaped': (text) => `"${escaped(text)}"`,
  'half escaped, in capitals': (text) =>
    `"${text.replaceAll(/[^]/g, (unit, index: number) => (index % 2 === 0 ? escaped(unit).toUpperCase().replace('\\U', '\\u') : JSON.stringify(unit).slice(1, -1)))}"`,
  'with slashes escaped': (text) => JSON.stringify(text).replaceAll('/', String.raw`\/`),
}

const INVISIBLE = /\p{Default_Ignorable_Code_Point}/gu

const unescaped = (text: string): string =>
  text.replaceAll(/\\(?:u([\da-fA-F]{4})|([^u]))/g, (_all, code: string | undefined, named: string) =>
    code === undefined ? named : String.fromCharCode(Number.parseInt(code, 16)),
  )

const percentDecoded = (text: string): string =>
  text.replaceAll(/(?:%[\da-fA-F]{2})+/g, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString())

const fromBase64 = (text: string): string =>
  (text.match(/[\w+/-]{8,}/g) ?? []).map((run) => Buffer.from(run, 'base64').toString()).join('\n')

const COLOUR = new RegExp(String.raw`(?:${'\u001B'}|\\u001b)\[[\d;]*[A-Za-z]`, 'gi')

/** Everything that can be read out of a text. */
function* readingsOf(text: string): Generator<string> {
  yield text
  const visible = text.replaceAll(INVISIBLE, '')
  if (visible !== text) yield visible
  let inner = text
  for (let depth = 0; depth < 4 && inner.includes('\\'); depth++) yield (inner = unescaped(inner))
  if (text.includes('%')) yield percentDecoded(text)
  yield fromBase64(text)
  yield fromBase64(unescaped(text).replaceAll(/\s+/g, ''))
  yield text
    .replaceAll(
      /\\x([\da-f]{2})|&#x([\da-f]{1,6});|&#(\d{1,7});/gi,
      (_all, byte: string, hex: string, decimal: string) =>
        String.fromCodePoint(decimal === undefined ? Number.parseInt(byte ?? hex, 16) : Number(decimal)),
    )
    .replaceAll(COLOUR, '')
}

/** So much of a secret is as good as all of it. */
const TELLING_CHARS = 12

/** The pieces that tell a secret: half of it that stayed somewhere is a leak, too. */
export const tellingPieces = (secret: string): string[] =>
  Array.from({ length: Math.max(1, secret.length - TELLING_CHARS + 1) }, (_, at) =>
    secret.slice(at, at + TELLING_CHARS),
  )

/** Whether a secret, or the better part of it, can be read out of a text. */
export function shows(text: string, secret: string): boolean {
  const pieces = tellingPieces(secret)
  for (const reading of readingsOf(text)) if (pieces.some((piece) => reading.includes(piece))) return true
  return false
}
