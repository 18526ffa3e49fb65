/** The licences of all packages whose code is in the build, which ask to be passed on with it. */
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Plugin } from 'rolldown'

/** A module's package: its folder, and its name. */
const PACKAGE = /^(.*node_modules\/((?:@[^/]+\/)?[^/]+))\//

const LICENCE = /^(licen[cs]e|copying|notice)/i

const RULE = `\n${'-'.repeat(80)}\n\n`

/** Writes `LICENCES.txt`. */
export const licences: Plugin = {
  name: 'licences',
  async generateBundle(_options, bundle) {
    const ids = Object.values(bundle).flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []))
    const folders = new Set(ids.flatMap((id) => PACKAGE.exec(id)?.[1] ?? []))
    const texts = await Promise.all([...folders].map(licenceOf))
    this.emitFile({ type: 'asset', fileName: 'LICENCES.txt', source: texts.toSorted().join(RULE) })
  },
}

async function licenceOf(folder: string): Promise<string> {
  const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
  const files = (await readdir(folder)).filter((file) => LICENCE.test(file)).toSorted()
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')))
  return [`${name} ${version} (${license})`, ...texts.map((text) => text.trim())].join('\n\n') + '\n'
}
