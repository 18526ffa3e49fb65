/** The events of one answer over time, as lines of characters: a lane for each family of event types. Pure. */
import { printable } from './log.ts'
import { isTerminal, type ModelEvent } from './model/model.ts'

/** The events of one family: those whose types are the same but for the last word, such as `output_text`. */
export interface Lane {
  readonly family: string
  /** When each came, in ms since the request was sent. */
  readonly times: readonly number[]
}

/** Times are in ms since the request was sent. */
export interface Timeline {
  readonly lanes: readonly Lane[]
  /** The longest silence between two arrivals, the end included; undefined where nothing came. */
  readonly gap: { readonly from: number; readonly to: number } | undefined
  readonly end: number
}

/** Sorts events into lanes, in the order in which their first ones came. */
export function timelineOf(events: readonly ModelEvent[], end: number): Timeline {
  const lanes = Map.groupBy(events, familyOf)
  let gap: Timeline['gap']
  for (const [index, { at: from }] of events.entries()) {
    const to = events[index + 1]?.at ?? end
    if (gap === undefined || to - from > gap.to - gap.from) gap = { from, to }
  }
  return { lanes: [...lanes].map(([family, own]) => ({ family, times: own.map(({ at }) => at) })), gap, end }
}

/** `response.output_text.delta` is of `output_text`; what ends or begins the whole is of `response`. */
function familyOf(event: ModelEvent): string {
  const words = event.type.split('.')
  if (words.length > 1) words.pop()
  if (words.length > 1 && words[0] === 'response') words.shift()
  return words.join('.') || (isTerminal(event) ? event.type : '(no type)')
}

/** One line of a drawing: what it is about, the time from left to right, and a number or a remark. */
export interface Row {
  readonly kind: 'scale' | 'lane' | 'mark'
  readonly label: string
  readonly bar: string
  readonly note: string
}

const BLOCKS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']
const MAX_LABEL_CHARS = 26

/**
 * Draws a timeline: the higher a block, the more events came in its stretch of time.
 *
 * @param width how many characters a line may have, of which at least 10 are for the time
 * @param firstDelta when the first text came, to be marked
 */
export function draw({ lanes, gap, end }: Timeline, firstDelta: number | undefined, width: number): Row[] {
  const labels = lanes.map(({ family }) => cut(printable(family), MAX_LABEL_CHARS))
  const counts = lanes.map(({ times }) => String(times.length))
  const label = Math.max(MARKS.delta.length, ...labels.map(({ length }) => length))
  const count = Math.max(1, ...counts.map(({ length }) => length))
  const cells = Math.max(10, width - label - count - 2 * SPACE)
  const cellOf = (at: number) => (end > 0 ? Math.min(cells - 1, Math.floor((at / end) * cells)) : 0)

  const heights = lanes.map(({ times }) => {
    const inCell = Array.from({ length: cells }, () => 0)
    for (const at of times) inCell[cellOf(at)] = (inCell[cellOf(at)] ?? 0) + 1
    return inCell
  })
  const most = Math.max(1, ...heights.flat())
  // Roots, so that a single event is seen beside a burst of a thousand.
  const block = (height: number) =>
    height === 0 ? ' ' : (BLOCKS[Math.ceil(Math.sqrt(height / most) * BLOCKS.length) - 1] ?? ' ')
  const row = (kind: Row['kind'], name: string, bar: string, note = ''): Row => ({
    kind,
    label: name.padEnd(label),
    bar: bar.padEnd(cells),
    note: note.padStart(count),
  })

  return [
    row('scale', '', `0${ms(end).padStart(cells - 1)}`),
    ...lanes.map((_lane, index) =>
      row('lane', labels[index] ?? '', (heights[index] ?? []).map(block).join(''), counts[index]),
    ),
    ...(firstDelta === undefined
      ? []
      : [row('mark', MARKS.delta, beside('▲', cellOf(firstDelta), ms(firstDelta), cells))]),
    ...(gap && gap.to > gap.from
      ? [row('mark', MARKS.gap, stretch(cellOf(gap.from), cellOf(gap.to), ms(gap.to - gap.from), cells))]
      : []),
  ]
}

const MARKS = { delta: 'first delta', gap: 'longest gap' }

/** Between label, time and number. */
const SPACE = 2

/** A stretch of time, and how long it is: in it where there is room, beside it otherwise. */
function stretch(from: number, to: number, text: string, cells: number): string {
  const inner = Math.max(0, to - from - 1)
  const room = inner - text.length - 2
  if (room < 2) return beside(`├${'╌'.repeat(inner)}┤`, from, text, cells)
  const left = Math.floor(room / 2)
  return `${' '.repeat(from)}├${'╌'.repeat(left)} ${text} ${'╌'.repeat(room - left)}┤`
}

/** A mark, and what it says on the side where there is room. */
function beside(mark: string, at: number, text: string, cells: number): string {
  const start = Math.min(at, cells - mark.length)
  const after = start + mark.length + 1
  if (after + text.length <= cells) return `${' '.repeat(start)}${mark} ${text}`
  if (start > text.length) return `${`${text} `.padStart(start)}${mark}`
  return `${' '.repeat(start)}${mark}`
}

const ms = (time: number): string => `${Math.round(time)} ms`

const cut = (text: string, chars: number): string => (text.length > chars ? `${text.slice(0, chars - 1)}…` : text)
