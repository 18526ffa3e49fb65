import { describe, expect, test } from 'vitest'
import { createAddressRule } from '../../server/redact/addresses.ts'
import { createCredentialFinder } from '../../server/redact/credential.ts'
import { replace } from '../../server/redact/match.ts'

const rule = createAddressRule(createCredentialFinder([]))
const hide = (text: string) => replace(text, rule.find(text))

describe('credentials in addresses', () => {
  test.each([
    ['https://x.example/a?key=abcdef', 'https://x.example/a?key=[C]'],
    ['https://x.example/a?b=c&api_key=abcdef&d=e#f', 'https://x.example/a?b=c&api_key=[C]&d=e#f'],
    ['HTTPS://x.example?Token=abcdef', 'HTTPS://x.example?Token=[C]'],
    ['wss://x.example/?access_token=abcdef', 'wss://x.example/?access_token=[C]'],
    [
      'https://x.example/#access_token=abcdef&token_type=bearer',
      'https://x.example/#access_token=[C]&token_type=bearer',
    ],
    ['https://me:pass@x.example/?sig=abcdef', 'https://me:pass@x.example/?sig=[S]'],
    ['https://x.example/?a=1&amp;sig=abcdef&amp;b=2', 'https://x.example/?a=1&amp;sig=[S]&amp;b=2'],
    [
      'https://x.example/?X-Amz-Signature=abcdef&X-Amz-Credential=abcd/e',
      'https://x.example/?X-Amz-Signature=[S]&X-Amz-Credential=[C]',
    ],
    [
      '[a](https://x.example/?sig=abcdef), (see https://x.example/?sig=abcdef).',
      '[a](https://x.example/?sig=[S]), (see https://x.example/?sig=[S]).',
    ],
    ['https://x.example/?token=a(b)cd!', 'https://x.example/?token=[C]!'],
    [
      'https://x.example/?sig=abcdef,https://y.example/?key=abcdef',
      'https://x.example/?sig=[S],https://y.example/?key=[C]',
    ],
    ['https://x.example/?u=https://y.example/?sig=abcdef&w=1', 'https://x.example/?u=https://y.example/?sig=[S]&w=1'],
    [
      'https://x.example/?u=https%3A%2F%2Fy.example%3Fsig%3Dab%2Fcd%3D%26k%3D1&w=1',
      'https://x.example/?u=https%3A%2F%2Fy.example%3Fsig%3D[S]%26k%3D1&w=1',
    ],
    [
      String.raw`{"u":"https://x.example/?a=1\u0026sig=abcdef\u0026b=2"}`,
      String.raw`{"u":"https://x.example/?a=1\u0026sig=[S]\u0026b=2"}`,
    ],
    ['<img src="https://x.example/?sig=abcdef">', '<img src="https://x.example/?sig=[S]">'],
  ])('%s', (text, expected) => {
    const hidden = expected.replaceAll('[C]', '[redacted:credential]').replaceAll('[S]', '[redacted:signature]')
    expect(hide(text)).toBe(hidden)
    expect(hide(hidden)).toBe(hidden)
  })

  test.each([
    'https://x.example/?q=key&max_tokens=1000&page_token=abcdef',
    'https://x.example/key=abcdef',
    'https://x.example/?keyboard=abcdef&monkey=abcdef',
    'https://x.example/?key=abc&sig=',
    'https://x.example/?key=${API_KEY}&token={token}&sig=<sig>',
    'ftp://x.example/?key=abcdef',
    'Set ?key=abcdef or token=abcdef.',
    '://?key=abcdef',
  ])('not %s', (text) => {
    expect(hide(text)).toBe(text)
  })
})
