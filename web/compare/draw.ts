/** Draws two timelines above each other. */
import type { View } from '../../server/serve/page/data.ts'
import type { Colours } from '../parts/colours.ts'
import { COLUMN, type Drawn, drawn } from '../parts/columns.ts'
import { toneOf } from '../parts/tone.ts'
import { type Flag, placeFlags } from '../parts/flags.ts'
import { duration } from '../parts/format.ts'
import { type Scale, ticksOf, xOf } from '../parts/scale.ts'
import { AXIS, EDGE, LANE, type Strip } from './strips.ts'

export interface Picture {
  /** Its origin is where both recordings begin. */
  readonly pen: CanvasRenderingContext2D
  readonly scale: Scale
  readonly colours: Colours
}

export function drawStrips(picture: Picture, strips: readonly Strip[]): void {
  drawAxis(picture, strips)
  for (const strip of strips) {
    for (const { kind, items, top } of strip.lanes) {
      drawGround(picture, top, strip.view.durationMs)
      for (const each of drawn(items, picture.scale)) drawItem(picture, each, picture.colours[kind], top)
    }
    drawMarks(picture, strip)
  }
}

function drawAxis({ pen, scale, colours }: Picture, strips: readonly Strip[]): void {
  pen.font = `11px ${colours.font}`
  pen.textBaseline = 'middle'
  pen.textAlign = 'left'
  for (const { at, label } of ticksOf(scale)) {
    const x = Math.round(xOf(scale, at))
    pen.fillStyle = colours.line
    for (const { lanesTop, bottom } of strips) pen.fillRect(x, lanesTop, 1, bottom - lanesTop)
    const wide = pen.measureText(label).width
    pen.fillStyle = colours.ink3
    pen.fillText(label, Math.max(-EDGE, Math.min(x - wide / 2, scale.width + EDGE - wide)), AXIS / 2)
  }
}

/** The ground of a lane, as long as the recording: what is beyond its end is empty. */
function drawGround({ pen, scale, colours }: Picture, top: number, end: number): void {
  pen.fillStyle = colours.lane
  pen.beginPath()
  pen.roundRect(0, top, Math.max(2, xOf(scale, end)), LANE, 3)
  pen.fill()
}

const INSET = 2
const LEAST = 3

function drawItem({ pen }: Picture, item: Drawn, colour: string, top: number): void {
  pen.fillStyle = colour
  const { x } = item
  if (item.shape === 'column') {
    const high = Math.max(LEAST, item.part * (LANE - 2 * INSET))
    pen.fillRect(x, top + LANE - INSET - high, COLUMN - 1, high)
  } else if (item.shape === 'diamond') {
    const [y, half] = [top + LANE / 2, 4]
    pen.beginPath()
    pen.moveTo(x, y - half)
    pen.lineTo(x + half, y)
    pen.lineTo(x, y + half)
    pen.lineTo(x - half, y)
    pen.fill()
  } else {
    pen.fillRect(x - 1, top + INSET, 2, LANE - 2 * INSET)
  }
}

/** How far a label is from its line. */
const BESIDE = 5

/** A silence below this part of the whole is not marked: it would be a dot. */
const LEAST_PART = 0.02

function drawMarks(picture: Picture, strip: Strip): void {
  const { pen, scale, colours } = picture
  const { view, lanesTop, bottom } = strip
  const tone = colours[toneOf(view.ending)]
  const line = (at: number, colour: string, dash: number[]): void => {
    pen.strokeStyle = colour
    pen.lineWidth = 1.5
    pen.setLineDash(dash)
    pen.beginPath()
    pen.moveTo(xOf(scale, at), lanesTop - 7)
    pen.lineTo(xOf(scale, at), bottom)
    pen.stroke()
    pen.setLineDash([])
  }
  if (view.firstDeltaMs !== undefined) line(view.firstDeltaMs, colours.ink, [4, 3])
  line(view.durationMs, tone, [6, 3])
  const gap = gapSeen(view)
  if (gap) drawBracket(picture, xOf(scale, gap.from), xOf(scale, gap.to), lanesTop - 5.5)
  drawFlags(picture, strip, gap)
}

const gapSeen = ({ gap, durationMs }: View): View['gap'] =>
  gap && gap.to - gap.from >= LEAST_PART * durationMs && gap.to > gap.from ? gap : undefined

/** A label: its text, its colour, where its line is, and where it may stand beside it. */
interface Label {
  readonly text: string
  readonly colour: string
  readonly x: number
  readonly kind: 'end' | 'first' | 'gap'
}

function labelsOf({ scale, colours }: Picture, { view }: Strip, gap: View['gap']): readonly Label[] {
  const { durationMs: end, firstDeltaMs: first, ending } = view
  const labels: Label[] = [
    { text: `${ending} ${duration(end)}`, colour: colours[toneOf(ending)], x: xOf(scale, end), kind: 'end' },
  ]
  if (first !== undefined) {
    labels.push({ text: `first delta ${duration(first)}`, colour: colours.ink, x: xOf(scale, first), kind: 'first' })
  }
  if (gap) {
    const x = (xOf(scale, gap.from) + xOf(scale, gap.to)) / 2
    labels.push({ text: `gap ${duration(gap.to - gap.from)}`, colour: colours.ink2, x, kind: 'gap' })
  }
  return labels
}

function drawFlags(picture: Picture, strip: Strip, gap: View['gap']): void {
  const { pen, scale, colours } = picture
  pen.font = `600 11px ${colours.font}`
  const labels = labelsOf(picture, strip, gap)
  const flags = labels.map(({ text, x, kind }): Flag => {
    const width = pen.measureText(text).width
    const [left, right] = [x - width - BESIDE, x + BESIDE]
    const lefts = { end: [left, right], first: [right, left], gap: [x - width / 2] }[kind]
    return { name: kind, width, lefts, isSpare: kind === 'gap' }
  })
  pen.textAlign = 'left'
  for (const { name, left, row } of placeFlags(flags, scale.width)) {
    const label = labels.find(({ kind }) => kind === name)
    pen.fillStyle = label?.colour ?? colours.ink
    pen.fillText(label?.text ?? '', left, strip.lanesTop - 14 - row * 14)
  }
}

function drawBracket({ pen, colours }: Picture, left: number, right: number, y: number): void {
  pen.strokeStyle = colours.ink3
  pen.lineWidth = 1
  pen.beginPath()
  pen.moveTo(left + 0.5, y - 2.5)
  pen.lineTo(left + 0.5, y + 2.5)
  pen.moveTo(left, y)
  pen.lineTo(right, y)
  pen.moveTo(right - 0.5, y - 2.5)
  pen.lineTo(right - 0.5, y + 2.5)
  pen.stroke()
}
