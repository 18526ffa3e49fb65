/** What all timelines are drawn with: the axis, the signs in a lane, dashed lines. */
import type { Colours } from './colours.ts'
import { COLUMN, type Drawn } from './columns.ts'
import { type Scale, ticksOf, xOf } from './scale.ts'

/** At the left and right of a plot, in CSS pixels, so that the first and the last label of the axis are whole. */
export const EDGE = 14

export interface Paper {
  /** Its origin is where the recording begins. */
  readonly pen: CanvasRenderingContext2D
  readonly scale: Scale
  readonly colours: Colours
}

/** From top to bottom, in CSS pixels. */
export interface Span {
  readonly top: number
  readonly bottom: number
}

/** The labels of the axis at a height, and a line below each in every span. */
export function drawAxis({ pen, scale, colours }: Paper, y: number, spans: readonly Span[]): void {
  pen.font = `11px ${colours.font}`
  pen.textBaseline = 'middle'
  pen.textAlign = 'left'
  for (const { at, label } of ticksOf(scale)) {
    const x = Math.round(xOf(scale, at))
    pen.fillStyle = colours.line
    for (const { top, bottom } of spans) pen.fillRect(x, top, 1, bottom - top)
    const wide = pen.measureText(label).width
    pen.fillStyle = colours.ink3
    pen.fillText(label, Math.max(-EDGE, Math.min(x - wide / 2, scale.width + EDGE - wide)), y)
  }
}

/** A dashed line at a time. */
export function drawDashed({ pen, scale }: Paper, at: number, colour: string, dash: number[], span: Span): void {
  const x = xOf(scale, at)
  pen.strokeStyle = colour
  pen.lineWidth = 1.5
  pen.setLineDash(dash)
  pen.beginPath()
  pen.moveTo(x, span.top)
  pen.lineTo(x, span.bottom)
  pen.stroke()
  pen.setLineDash([])
}

/** The sign of an item in the colour of the pen: a column, a diamond, or a tick, as a chip begins with one. */
export function drawSign(pen: CanvasRenderingContext2D, item: Drawn, { top, bottom }: Span): void {
  const { x } = item
  const high = bottom - top
  if (item.shape === 'column') {
    const own = Math.max(3, item.part * high)
    pen.fillRect(x, bottom - own, COLUMN - 1, own)
  } else if (item.shape === 'diamond') {
    const [y, half] = [top + high / 2, 4.5]
    pen.beginPath()
    pen.moveTo(x, y - half)
    pen.lineTo(x + half, y)
    pen.lineTo(x, y + half)
    pen.lineTo(x - half, y)
    pen.fill()
  } else {
    pen.fillRect(x - 1, top, 2, high)
  }
}
