/** Texts as they stand in the sources, with `<…>` for what is only known when they are said. */
import type { Node, Source } from './sources.ts'

/** What the names in a source stand for: its own, and those that other sources give. */
export type Known = (name: string) => Node | undefined

export const knownIn = (source: Source, others: ReadonlyMap<string, Node>): Known => {
  return (name) => source.named.get(name) ?? others.get(name)
}

/** How deep it is looked behind names, and how long what stands there may be. */
const [MAX_DEPTH, MAX_CHARS] = [3, 160]

interface Reading {
  readonly known: Known
  readonly depth: number
  /** Called with what is said as a part of another text. */
  readonly taken: (node: Node) => void
}

/** A text as people read it; undefined of what is none. */
export function textIn(node: Node, known: Known, taken: (node: Node) => void = () => {}): string | undefined {
  return textOf(node, { known, depth: 0, taken })
}

function textOf(node: Node, reading: Reading): string | undefined {
  switch (node.type) {
    case 'Literal':
      return typeof node.value === 'string' ? node.value : undefined
    case 'JSXText':
      return node.value.replaceAll(/\s+/g, ' ')
    case 'TemplateLiteral':
      return node.quasis
        .map(({ value }, index) => {
          const between = node.expressions[index]
          return `${value.cooked}${between ? within(between, reading) : ''}`
        })
        .join('')
    case 'BinaryExpression':
      return node.operator === '+' && isText(node.left, reading) && isText(node.right, reading)
        ? `${within(node.left, reading)}${within(node.right, reading)}`
        : undefined
    case 'ConditionalExpression':
      return either([node.consequent, node.alternate], reading)
    case 'LogicalExpression':
      return node.operator === '&&' ? textOf(node.right, reading) : either([node.left, node.right], reading)
    case 'TSAsExpression':
    case 'TSSatisfiesExpression':
    case 'TSNonNullExpression':
    case 'ParenthesizedExpression':
      return textOf(node.expression, reading)
    case 'Identifier':
      return behind(node.name, reading)
    case 'CallExpression':
      return called(node, reading)
    default:
      return undefined
  }
}

const isText = (node: Node, reading: Reading): boolean => textOf(node, { ...reading, taken() {} }) !== undefined

/** One text or another. */
function either(nodes: readonly Node[], reading: Reading): string | undefined {
  if (!nodes.some((node) => isText(node, reading))) return undefined
  const texts = nodes.map((node) => within(node, reading))
  return texts.includes('') ? `[${texts.join('')}]` : `[${texts.join(' | ')}]`
}

/** What a name stands for, if that is a short text. */
function behind(name: string, reading: Reading): string | undefined {
  const node = reading.depth < MAX_DEPTH ? reading.known(name) : undefined
  if (node === undefined || node.type === 'Identifier') return undefined
  const body = node.type === 'ArrowFunctionExpression' ? node.body : node
  if (body.type === 'BlockStatement' || body.type === 'FunctionDeclaration') return undefined
  const text = textOf(body, { ...reading, depth: reading.depth + 1 })
  if (text === undefined || text.length > MAX_CHARS) return undefined
  reading.taken(body)
  return text
}

/** A command, by what makes one for a message. */
function commandOf(maker: string, given: readonly Node[], reading: Reading): string | undefined {
  const words = given.map((each) => within(each, reading))
  if (maker === 'deltatape') return ['npx deltatape', ...words].join(' ')
  if (maker === 'marked') return `\`${words.join(' ')}\``
  return maker === 'withVariables' ? `<settings> ${words[1] ?? ''}` : undefined
}

/** Functions that put a text in quotes. */
const QUOTING = new Set(['stringify', 'quoted', 'cut', 'excerpt', 'shown'])

function called(node: Node & { type: 'CallExpression' }, reading: Reading): string | undefined {
  const { callee, arguments: given } = node
  if (callee.type === 'MemberExpression' && callee.property.type === 'Identifier') {
    const { name } = callee.property
    const [between] = given
    const joins = name === 'join' && callee.object.type === 'ArrayExpression' && between && textOf(between, reading)
    if (joins === undefined || joins === false || callee.object.type !== 'ArrayExpression') return undefined
    return callee.object.elements.flatMap((each) => (each ? within(each, reading) : [])).join(joins)
  }
  if (callee.type !== 'Identifier' || QUOTING.has(callee.name)) return undefined
  const command = commandOf(callee.name, given, reading)
  if (command !== undefined) return command
  const [first, second, third] = given
  if (callee.name === 'counted' && first && second) return `<${nameOf(first)}> ${within(second, reading)}s`
  if (callee.name === 'countedOf' && first && second && third)
    return `<${nameOf(first)}> of <${nameOf(second)}> ${within(third, reading)}s`
  // What a function makes of one word is that word.
  const text = behind(callee.name, reading)
  return text !== undefined && /\p{L}{2,} \p{L}{2,}/u.test(text) ? text : undefined
}

/** A text within another one. */
function within(node: Node, reading: Reading): string {
  const text = textOf(node, reading)
  if (text !== undefined) return text
  return QUOTING.has(calleeOf(node) ?? '') ? `"<${nameOf(node)}>"` : `<${nameOf(node)}>`
}

/** The name of what a call calls. */
export function calleeOf(node: Node): string | undefined {
  const callee = node.type === 'CallExpression' || node.type === 'NewExpression' ? node.callee : undefined
  if (callee?.type === 'Identifier') return callee.name
  return callee?.type === 'MemberExpression' && callee.property.type === 'Identifier' ? callee.property.name : undefined
}

const inWords = (name: string): string => name.replaceAll(/_|(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase()

/** Members that say less than what they are of. */
const BARE = new Set(['length', 'message', 'name', 'size', 'text', 'code', 'value'])

/** In a word or two, what an expression is. */
function nameOf(node: Node): string {
  switch (node.type) {
    case 'Identifier':
      return inWords(node.name)
    case 'MemberExpression': {
      const name = node.property.type === 'Identifier' ? node.property.name : undefined
      return name === undefined || BARE.has(name) ? nameOf(node.object) : inWords(name)
    }
    case 'CallExpression': {
      const given = node.arguments.find(({ type }) => type !== 'Literal')
      const isOfItself = node.callee.type === 'MemberExpression' && calleeOf(node) !== 'stringify'
      if (isOfItself && node.callee.type === 'MemberExpression') return nameOf(node.callee.object)
      return given ? nameOf(given) : inWords(calleeOf(node) ?? '…')
    }
    case 'AwaitExpression':
    case 'UnaryExpression':
    case 'SpreadElement':
      return nameOf(node.argument)
    case 'TSAsExpression':
    case 'ParenthesizedExpression':
    case 'ChainExpression':
      return nameOf(node.expression)
    case 'LogicalExpression':
    case 'BinaryExpression':
      return nameOf(node.left.type === 'Literal' ? node.right : node.left)
    case 'ArrayExpression':
      return node.elements[0] ? nameOf(node.elements[0]) : '…'
    default:
      return '…'
  }
}
