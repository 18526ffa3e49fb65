/** A copy of the house with an API of one's own: a file and a row, and the same for its framing. */
import { cp, readFile, symlink, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'

/** Puts a file where its kind stands: what it imports stands nearer there. */
async function move(name: string, house: string, folder: string): Promise<void> {
  const text = await readFile(new URL(`${name}.ts`, import.meta.url), 'utf8')
  const up = folder === 'server/api' ? './' : '../'
  const moved = text.replaceAll(`'../../../${folder}/`, `'./`).replaceAll(`'../../../server/api/`, `'${up}`)
  await writeFile(join(house, folder, `${name}.ts`), moved)
}

/** Puts a row into a table, first of all. */
async function addRow(name: string, table: string, begins: string): Promise<void> {
  const text = await readFile(table, 'utf8')
  if (text.split(begins).length !== 2) throw new Error(`"${begins}" does not stand once in ${table}`)
  const imported = text.replace(/^import /m, `import { ${name} } from './${name}.ts'\nimport `)
  await writeFile(table, imported.replace(begins, `${begins} ${name},`))
}

/** Copies the house into a folder. */
export async function buildHouseWithRill(house: string): Promise<void> {
  for (const part of ['server', 'bin', 'package.json']) await cp(part, join(house, part), { recursive: true })
  await symlink(resolve('node_modules'), join(house, 'node_modules'), 'dir')
  await move('rill', house, 'server/api')
  await addRow('rill', join(house, 'server/api/index.ts'), 'const APIS: readonly Api[] = [')
  await move('seq', house, 'server/api/framing')
  await addRow('seq', join(house, 'server/api/framing/index.ts'), 'const FRAMINGS = {')
}
