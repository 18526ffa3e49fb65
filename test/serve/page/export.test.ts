/** One HTML file that shows a fixture: all of it in there, and nothing of it code. */
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Built } from '../../../server/serve/page/assets.ts'
import { exportPage } from '../../../server/serve/page/export.ts'
import { compose, words } from '../../kit/answers.ts'
import { folderWith } from '../../kit/tools.ts'
import { sourcesOf } from './kit.ts'

const asset = (type: string, text: string) => ({ type, bytes: new Uint8Array(Buffer.from(text)) })

/** A page, as Vite makes it, of such a script and such a style sheet. */
const built = (script = 'run()', style = 'a {}'): Built => ({
  html: `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <title>deltatape</title>
    <link rel="icon" href="./assets/icon-1.svg" />
    <script type="module" crossorigin src="./assets/index-1.js"></script>
    <link rel="stylesheet" crossorigin href="./assets/style-1.css">
  </head>
  <body>
    <div id="page"></div>
  </body>
</html>
`,
  assets: new Map([
    ['assets/icon-1.svg', asset('image/svg+xml', '<svg>é</svg>')],
    ['assets/index-1.js', asset('text/javascript', script)],
    ['assets/style-1.css', asset('text/css', style)],
  ]),
  licences: 'MIT --> --!> of preact',
})

async function viewOf(text: string) {
  const dir = await folderWith({ [text]: { events: compose('x').text(words(text)).completed() } })
  const sources = sourcesOf(dir)
  const { rows } = await sources.rows('', 10)
  return sources.view(rows[0]?.name ?? '')
}

/** The elements of a kind, as a parser of HTML finds their ends. */
const elements = (html: string, name: string) =>
  [...html.matchAll(new RegExp(`<${name}\\b([^>]*)>([^]*?)</${name}`, 'gi'))].map(([, head = '', text = '']) => ({
    head,
    text,
  }))

const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

/** Texts that would end what they stand in, or begin something else. */
const HOSTILE = [
  '</script><script>ran = 1</script>',
  '<!-- <script> --> <!--<script',
  '</ScRiPt ><img src=x onerror=ran=1>',
  '</body></html> <meta http-equiv="refresh" content="0;url=https://evil.example">',
  "$& $' $` $1 $$ \\u003c \\x3c",
  '\u2028 \u2029 \u0000 \u001b[31m \u202e \ufeff 🙂',
  '<style> </style> ]]> --> <![CDATA[',
]

describe('a fixture in one file', () => {
  test.each(HOSTILE)('holds it whole, and none of it is code: %j', async (text) => {
    const view = await viewOf(`begin ${text} end`)
    const html = exportPage(built(), view)
    const scripts = elements(html, 'script')
    expect(scripts).toHaveLength(2)
    const data = scripts.find(({ head }) => head === ' type="application/json" id="data"')
    expect(JSON.parse(data?.text ?? '')).toEqual({
      version: expect.any(String),
      view: JSON.parse(JSON.stringify(view)),
    })
    expect(data?.text).not.toMatch(/[<\u2028\u2029]/)
    expect(html.match(/<img|<meta http-equiv="refresh"|<style/g)).toEqual(['<style'])
  })

  test('runs its own script and no other, and asks nobody for anything', async () => {
    const html = exportPage(built(), await viewOf('x'))
    const [script] = elements(html, 'script')
    const [style] = elements(html, 'style')
    const [, policy = ''] = /<meta http-equiv="content-security-policy" content="([^"]*)">/.exec(html) ?? []
    expect(policy.split('; ')).toEqual([
      "default-src 'none'",
      `script-src ${hashOf(script?.text ?? '')}`,
      `style-src ${hashOf(style?.text ?? '')}`,
      'img-src data:',
      "base-uri 'none'",
      "form-action 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ])
    expect(html.indexOf('content-security-policy')).toBeLessThan(html.indexOf('<script'))
    expect(html.indexOf('charset')).toBeLessThan(html.indexOf('content-security-policy'))
    expect(html.match(/(?:src|href)="(?!data:)/g)).toBeNull()
    expect(html).toContain(`href="data:image/svg+xml;base64,${Buffer.from('<svg>é</svg>').toString('base64')}"`)
  })

  test.each([
    ["'</script>'", 'a::after { content: "</style>" }'],
    ["'<!--<script>'", 'b {}'],
    ["/<script/u; `<SCRIPT $& $' `", 'c {}'],
  ])('has a script and a style sheet that do not end early: %s', async (script, style) => {
    const html = exportPage(built(script, style), await viewOf('x'))
    const [first, second] = elements(html, 'script')
    expect(elements(html, 'script')).toHaveLength(2)
    expect(first?.text).not.toMatch(/<\/?script/i)
    expect(first?.text.replaceAll(String.raw`\x3c`, '<')).toBe(script)
    expect(second?.head).toContain('id="data"')
    expect(elements(html, 'style')).toHaveLength(1)
    expect(elements(html, 'style')[0]?.text.replaceAll(String.raw`\3c `, '<')).toBe(style)
  })

  test('holds the licences of what is in it', async () => {
    const html = exportPage(built(), await viewOf('x'))
    expect(html).toMatch(/<!--\nMIT -- > -- > of preact\n-->\s*<\/body>\s*<\/html>\s*$/)
  })
})
