/** One HTML file that shows a fixture without a server: the page, with what it would have asked for. */
import { createHash } from 'node:crypto'
import { VERSION } from '../../base/version.ts'
import type { Built } from './assets.ts'
import type { Exported, View } from './data.ts'

/** What stands in the HTML for a file. */
const SCRIPT = /<script\b[^>]* src="\.\/([^"]+)"[^>]*><\/script>/g

const STYLE = /<link rel="stylesheet"[^>]* href="\.\/([^"]+)"[^>]*>/g

const ICON = /(?<=<link rel="icon"[^>]* href=")\.\/([^"]+)/g

const CHARSET = '<meta charset="utf-8" />'

/** Makes the file. Nothing runs in it but the page's own script, and it asks nobody for anything. */
export function exportPage({ html, assets, licences }: Built, view: View): string {
  const textOf = (path: string, as: 'utf8' | 'base64' = 'utf8'): string =>
    Buffer.from(assets.get(path)?.bytes ?? []).toString(as)
  const scripts: string[] = []
  const styles: string[] = []
  const page = html
    .replaceAll(SCRIPT, (_tag, path: string) => {
      scripts.push(safeScript(textOf(path)))
      return `<script type="module">${scripts.at(-1)}</script>`
    })
    .replaceAll(STYLE, (_tag, path: string) => {
      styles.push(safeStyle(textOf(path)))
      return `<style>${styles.at(-1)}</style>`
    })
    .replaceAll(ICON, (_path, path: string) => `data:image/svg+xml;base64,${textOf(path, 'base64')}`)
  const policy = `<meta http-equiv="content-security-policy" content="${policyOf(scripts, styles)}">`
  const data: Exported = { version: VERSION, view }
  const more = [
    `<script type="application/json" id="data">${safeJson(data)}</script>`,
    `<!--\n${licences.replaceAll(/--!?>/g, '-- >')}\n-->`,
  ]
  return page
    .replace(CHARSET, (tag) => `${tag}\n    ${policy}`)
    .replace('</body>', () => `  ${more.join('\n    ')}\n  </body>`)
}

const policyOf = (scripts: readonly string[], styles: readonly string[]): string =>
  [
    "default-src 'none'",
    `script-src ${scripts.map(hashOf).join(' ')}`,
    `style-src ${styles.map(hashOf).join(' ')}`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ')

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

/** Script as it may stand between its tags. What would end it, or hide its end, is only ever within its strings. */
const safeScript = (text: string): string => text.replaceAll(/<(?=\/?script)/gi, String.raw`\x3c`)

const safeStyle = (text: string): string => text.replaceAll(/<(?=\/style)/gi, String.raw`\3c `)

/** JSON as it may stand between tags of script, whatever is in it. */
const safeJson = (value: Exported): string =>
  JSON.stringify(value)
    .replaceAll('<', String.raw`\u003c`)
    .replaceAll('\u2028', String.raw`\u2028`)
    .replaceAll('\u2029', String.raw`\u2029`)
