/** Everything that people are told, gathered from the sources: each text, and with which code it is said or by whom. */
import { type Node, type Source, partsOf, readSources, walk } from './sources.ts'
import { type Known, calleeOf, knownIn, textIn } from './texts.ts'

/** A text that people are told. */
export interface Told {
  readonly text: string
  readonly file: string
  /** The codes of the errors that say it. */
  readonly codes: readonly string[]
}

/** What an error without a code of its own is. */
const CODES: Readonly<Record<string, readonly string[]>> = {
  DamageError: ['fixture_invalid'],
  UnreadableError: ['fixture_invalid'],
  MissError: ['fixture_miss'],
}

interface Unit {
  readonly node: Node
  readonly text: string
  readonly source: Source
  readonly above: readonly Node[]
}

/** Two words, one of them a word of people. */
const isProse = (text: string): boolean =>
  /[\p{L}\p{N}"'>…)\]][,:;.]? +[("'<[…]*\p{L}/u.test(text) && /\p{Ll}{2}/u.test(text.replaceAll(/<[^>]*>/g, ''))

/** What is for machines: statements of a database, headers, style, markup, code, files, JSON. */
const FOR_MACHINES = [
  /redis\.call|^\s*(?:select|update|insert|delete|create) /,
  /^[a-z-]+(?:\/|: )[a-z*+-]+[;,/]? ?|^\[?[a-z]+\/[a-z-]+;|^HTTP\/|-src |^(?:attachment|public|content-length)\b|connection: close/,
  /^\[?(?:event|data): ?|^(?:Basic|Bearer) <|^-H |^--?\[|^\.[\w<]|^[[<][^ ]*>?,?"request"|^\{"model"|^import |\* as /,
  /<(?:meta|script)\b|prefers-color-scheme|:not\(|\[role=|^\w+Error: |^@aws-sdk|translateX|height: </,
  /^\[?\w+ <[\w ]+>\]?$/,
]

const isForMachines = (text: string): boolean => FOR_MACHINES.some((each) => each.test(text))

/** Files whose words are those of APIs. */
const OF_APIS = /^server\/api\/(?:words|responses\/thoughts)\.ts$|^bin\/old-node/

/** What holds no text for people. */
const ASIDE = new Set(['ImportDeclaration', 'ExportAllDeclaration', 'TSLiteralType', 'TaggedTemplateExpression'])

const isAside = (node: Node): boolean =>
  ASIDE.has(node.type) ||
  (node.type === 'JSXAttribute' && node.name.type === 'JSXIdentifier' && node.name.name === 'class')

/** What a row of a table says, or a call that makes one: what is wrong, and what to do. */
function textOfRow(node: Node, known: Known, taken: Set<Node>): string | undefined {
  const cells = node.type === 'ArrayExpression' ? node.elements : node.type === 'CallExpression' ? node.arguments : []
  const isRow = cells.every((each) => ['Literal', 'TemplateLiteral', 'Identifier'].includes(each?.type ?? ''))
  const texts = cells.flatMap((each) =>
    each && each.type !== 'Identifier' ? (textIn(each, known, (part) => taken.add(part)) ?? []) : [],
  )
  const said = texts.filter((text) => /\p{L} \p{L}|\.$/u.test(text))
  return isRow && said.length > 1 ? said.join(' – ') : undefined
}

/** The texts of a source, each as whole as it is said. */
function unitsOf(source: Source, known: Known, taken: Set<Node>): Unit[] {
  const units: Unit[] = []
  if (OF_APIS.test(source.file)) return units
  walk(source.program, (node, above) => {
    if (isAside(node)) return false
    if (node.type === 'Identifier' || node.type === 'ConditionalExpression' || node.type === 'LogicalExpression')
      return true
    const text = textOfRow(node, known, taken) ?? textIn(node, known, (part) => taken.add(part))
    if (text === undefined || !isProse(text) || isForMachines(text)) return true
    units.push({ node, text: text.trim(), source, above })
    return false
  })
  return units
}

/** The codes that a node names by itself, or as values of its members. */
const codesIn = (node: Node, codes: ReadonlySet<string>): string[] =>
  partsOf(node)
    .map((part) => (part.type === 'Property' ? part.value : part))
    .flatMap((part) => (part.type === 'Literal' && codes.has(String(part.value)) ? [String(part.value)] : []))

/** The end of an answer that a failure of an API names, as a code. */
function endIn(made: Node, codes: ReadonlySet<string>): string[] {
  const node = [made, ...partsOf(made)].find(({ type }) => type === 'ObjectExpression')
  if (node?.type !== 'ObjectExpression') return []
  return node.properties.flatMap((each) => {
    const isEnd = each.type === 'Property' && each.key.type === 'Identifier' && each.key.name === 'end'
    const end = isEnd && each.value.type === 'Literal' ? `upstream_${String(each.value.value)}` : ''
    return codes.has(end) ? [end] : []
  })
}

const nameOfDefinition = (node: Node): string | undefined =>
  node.type === 'FunctionDeclaration'
    ? node.id?.name
    : node.type === 'VariableDeclarator' && node.id.type === 'Identifier'
      ? node.id.name
      : undefined

/** How many codes one text may have: of more it is said everywhere. */
const MAX_CODES = 2

/** Finds which codes are said with a node: those around it, or those of the errors that are made of where it stands. */
function createCoding(sources: readonly Source[], codes: ReadonlySet<string>) {
  const homes = new Map(sources.flatMap(({ file, exported }) => [...exported.keys()].map((name) => [name, file])))
  const idOf = ({ file, named }: Source, name: string) => `${named.has(name) ? file : homes.get(name)}:${name}`
  const makers = new Map(
    sources.flatMap((source) =>
      [...source.named].flatMap(([name, node]) => {
        const made =
          node.type === 'ArrowFunctionExpression' && node.body.type !== 'BlockStatement' ? node.body : undefined
        const own = made ? codesIn(made, codes) : []
        return own.length > 0 ? [[idOf(source, name), own] as const] : []
      }),
    ),
  )
  const defined = new Map<string, Set<string>>()
  const around = (source: Source, above: readonly Node[], isOfError: boolean): readonly string[] => {
    for (const node of above.toReversed()) {
      const called = calleeOf(node)
      const fixed = called === undefined ? undefined : (CODES[called] ?? makers.get(idOf(source, called)))
      const holds = called !== undefined || (!isOfError && HOLDING.has(node.type))
      const own = fixed ?? (holds ? [...codesIn(node, codes), ...endIn(node, codes)] : [])
      if (own.length > 0) return own
      const name = nameOfDefinition(node)
      if (name !== undefined) return isOfError ? [] : [...(defined.get(idOf(source, name)) ?? [])]
    }
    return []
  }
  for (const { source, name, above } of sources.flatMap(usesIn)) {
    const found = around(source, above, true)
    const id = idOf(source, name)
    if (found.length > 0) defined.set(id, new Set([...(defined.get(id) ?? []), ...found]))
  }
  return (source: Source, above: readonly Node[]) => {
    const found = [...new Set(around(source, above, false))]
    return found.length > MAX_CODES ? [] : found.toSorted()
  }
}

/** What holds a code beside its words. */
const HOLDING = new Set(['ArrayExpression', 'ObjectExpression'])

interface Use {
  readonly source: Source
  readonly name: string
  readonly above: readonly Node[]
}

/** Where names are used that a source knows. */
function usesIn(source: Source): Use[] {
  const uses: Use[] = []
  walk(source.program, (node, above) => {
    if (isAside(node)) return false
    const isDefined = above.at(-1) && nameOfDefinition(above.at(-1) ?? node) !== undefined
    if (node.type === 'Identifier' && !isDefined) uses.push({ source, name: node.name, above })
    return true
  })
  return uses
}

/** Everything that people are told, in the order of the sources. */
export async function gatherTold(codes: readonly string[], ...folders: readonly string[]): Promise<Told[]> {
  const sources = await readSources(...folders)
  const exported = new Map(sources.flatMap((source) => [...source.exported]))
  const taken = new Set<Node>()
  const units = sources.flatMap((source) => unitsOf(source, knownIn(source, exported), taken))
  const codesOf = createCoding(sources, new Set(codes))
  return units
    .filter(({ node }) => !taken.has(node))
    .map(({ text, source, above }) => ({ text, file: source.file, codes: codesOf(source, above) }))
}
