/** Draws two timelines above each other. */
import { drawn } from '../parts/columns.ts'
import { type Flag, placeFlags } from '../parts/flags.ts'
import { duration } from '../parts/format.ts'
import { xOf } from '../parts/scale.ts'
import { type Paper, drawAxis, drawDashed, drawSign } from '../parts/strokes.ts'
import { toneOf } from '../parts/tone.ts'
import { AXIS, LANE, type Strip } from './strips.ts'

const INSET = 2

export function drawStrips(paper: Paper, strips: readonly Strip[]): void {
  const { pen, scale, colours } = paper
  const spans = strips.map(({ lanesTop, bottom }) => ({ top: lanesTop, bottom }))
  drawAxis(paper, AXIS / 2, spans)
  for (const strip of strips) {
    for (const { kind, items, top } of strip.lanes) {
      drawGround(paper, top, strip.view.durationMs)
      pen.fillStyle = colours[kind]
      const span = { top: top + INSET, bottom: top + LANE - INSET }
      for (const each of drawn(items, scale)) drawSign(pen, each, span)
    }
    drawMarks(paper, strip)
  }
}

/** The ground of a lane, as long as the recording: what is beyond its end is empty. */
function drawGround({ pen, scale, colours }: Paper, top: number, end: number): void {
  pen.fillStyle = colours.lane
  pen.beginPath()
  pen.roundRect(0, top, Math.max(2, xOf(scale, end)), LANE, 3)
  pen.fill()
}

/** How far a label is from its line. */
const BESIDE = 5

/** The end and the first delta: a line, and a label beside it. */
function drawMarks(paper: Paper, { view, lanesTop, bottom }: Strip): void {
  const { pen, scale, colours } = paper
  const { durationMs: end, firstDeltaMs: first, ending } = view
  const span = { top: lanesTop - 7, bottom }
  const tone = colours[toneOf(ending)]
  const flags: Flag[] = []
  pen.font = `600 11px ${colours.font}`
  const add = (name: string, at: number, colour: string, dash: number[]): void => {
    const x = xOf(scale, at)
    const width = pen.measureText(name).width
    const beside = [x + BESIDE, x - width - BESIDE]
    drawDashed(paper, at, colour, dash, span)
    flags.push({ name, width, lefts: at === end ? beside.toReversed() : beside })
  }
  add(`${ending} ${duration(end)}`, end, tone, [6, 3])
  if (first !== undefined) add(`first delta ${duration(first)}`, first, colours.ink, [4, 3])
  for (const [index, { name, left, row }] of placeFlags(flags, scale.width).entries()) {
    pen.fillStyle = index === 0 ? tone : colours.ink
    pen.fillText(name, left, lanesTop - 14 - row * 14)
  }
}
