/** The sources as syntax trees, and what stands behind a name in them. */
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type ESTree, parseSync } from 'vite'

export type Node = ESTree.Node

export interface Source {
  readonly file: string
  readonly program: Node
  /** What each name of the file stands for, of those that stand for one thing in it. */
  readonly named: ReadonlyMap<string, Node>
  /** What each name stands for that other files may use. */
  readonly exported: ReadonlyMap<string, Node>
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'

/** The parts of a node, in their order. */
export const partsOf = (node: Node): Node[] => Object.values(node).flat().filter(isNode)

/** Visits a node and all in it; what `visit` says no to is not looked into. */
export function walk(node: Node, visit: (node: Node, above: readonly Node[]) => boolean, above: readonly Node[] = []) {
  if (!visit(node, above)) return
  const next = [...above, node]
  for (const part of partsOf(node)) walk(part, visit, next)
}

/** The name that a declaration gives, and what it stands for. */
function declared(node: Node): readonly [name: string, stands: Node] | undefined {
  if (node.type === 'FunctionDeclaration' && node.id) return [node.id.name, node]
  const isNamed = node.type === 'VariableDeclarator' && node.id.type === 'Identifier' && node.init
  return isNamed && node.id.type === 'Identifier' && node.init ? [node.id.name, node.init] : undefined
}

function read(file: string, text: string): Source {
  const program: Node = parseSync(file, text).program
  const all = new Map<string, Node[]>()
  const exported = new Map<string, Node>()
  walk(program, (node, above) => {
    const [name, stands] = declared(node) ?? []
    if (name === undefined || stands === undefined) return true
    all.set(name, [...(all.get(name) ?? []), stands])
    if (above.slice(-2).some(({ type }) => type === 'ExportNamedDeclaration')) exported.set(name, stands)
    return true
  })
  const once = [...all].flatMap(([name, [stands, ...more]]) =>
    stands && more.length === 0 ? [[name, stands] as const] : [],
  )
  return { file, program, named: new Map(once), exported }
}

/** The sources in these folders. */
export async function readSources(...folders: readonly string[]): Promise<Source[]> {
  const found = await Promise.all(
    folders.map(async (folder) => (await readdir(folder, { recursive: true })).map((name) => join(folder, name))),
  )
  const files = found.flat().filter((name) => /\.(?:tsx?|js)$/.test(name) && !/\.d\.ts$|\bdist\b/.test(name))
  return Promise.all(files.toSorted().map(async (file) => read(file, await readFile(file, 'utf8'))))
}
