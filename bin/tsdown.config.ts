/**
 * What `npm run build` makes of the sources: JavaScript that needs no other package, and types, in `dist/`.
 *
 * The table of exports is the one in package.json: `./dist/<name>.js` is made of `server/package/<name>.ts`, or of
 * `server/package/<name>/index.ts`. A new export is its file and its row there.
 */
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { defineConfig } from 'tsdown'
import manifest from '../package.json' with { type: 'json' }

import { licences } from './licences.ts'
import { oldNode } from './old-node.ts'

const root = join(import.meta.dirname, '..')

const exported = Object.values(manifest.exports).flatMap((file) => {
  const [, name] = /^\.\/dist\/(.+)\.js$/.exec(file) ?? []
  if (name === undefined) return []
  const source = join('server/package', name)
  return [[name, existsSync(join(root, `${source}.ts`)) ? `${source}.ts` : join(source, 'index.ts')] as const]
})

/** What no user imports: the command, and what the plugin for vitest has its workers load. */
const inner = { cli: 'server/cli.ts', 'vitest/setup': 'server/package/vitest/setup.ts' }

/** What a user has: its own copy is the one that has to be used. */
const theirs = Object.keys(manifest.peerDependencies)

/** A package, or a part of it. */
const within = (name: string) => new RegExp(`^${name}(/|$)`)

const shared = {
  cwd: root,
  tsconfig: 'bin/tsconfig.json',
  format: 'esm',
  platform: 'node',
  target: `node${manifest.engines.node.replace('>=', '')}`,
  fixedExtension: false,
  logLevel: 'warn',
  checks: { bundlerTimings: false },
  // Two builds that run at once would take away what the other has written.
  clean: false,
} as const

await rm(join(root, 'dist'), { recursive: true, force: true })

export default defineConfig([
  {
    ...shared,
    entry: { ...Object.fromEntries(exported), ...inner },
    dts: false,
    // Editors show those of the types.
    outputOptions: { comments: { jsdoc: false } },
    deps: { neverBundle: theirs.map(within), alwaysBundle: [/./], onlyBundle: false },
    plugins: [licences, oldNode],
  },
  {
    ...shared,
    entry: Object.fromEntries(exported),
    // The types of some packages (`export =`) cannot be bundled. None of them is part of ours.
    dts: { dtsOnly: true },
    deps: { neverBundle: [...theirs, ...Object.keys(manifest.devDependencies)].map(within) },
  },
])
