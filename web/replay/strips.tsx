/** Two strips on one time axis: when what was recorded is due, and when what is replayed came. */
import { useEffect, useRef } from 'preact/hooks'
import type { View } from '../../server/serve/page/data.ts'
import { theme } from '../app/theme.ts'
import { counted, duration } from '../parts/format.ts'
import { COLUMN, countsIn, heightOf, recordedSpan, recordedTimes } from './columns.ts'
import { dueAt } from './pace.ts'
import type { Playing } from './session.ts'

interface Props {
  readonly view: View
  readonly playing: Playing
}

export function Strips({ view, playing: { facts, pace, elapsed } }: Props) {
  const { expected, at } = facts.heard
  const due = dueAt(pace)
  const recorded = recordedTimes(view, expected, due)
  const end = recordedSpan(view, expected, due)
  const both = Math.max(end, elapsed)
  // At once nothing of the recorded time is left: each strip has its own.
  const isOwn = due === undefined
  return (
    <div class="arrivals">
      <Strip label="recorded" at={recorded} span={isOwn ? end : both} end={end} tone="--other" />
      {isOwn && <Axis span={end} />}
      <Strip label="replayed" at={at} span={isOwn ? elapsed : both} end={elapsed} tone="--text" />
      <Axis span={isOwn ? elapsed : both} />
    </div>
  )
}

const Axis = ({ span }: { readonly span: number }) => (
  <div class="axis" aria-hidden="true">
    <span>0</span>
    <span>{duration(span / 2)}</span>
    <span>{duration(span)}</span>
  </div>
)

interface StripProps {
  readonly label: string
  readonly at: readonly number[]
  /** How much time the strip shows, in ms. */
  readonly span: number
  /** When it ended, or how far it is. */
  readonly end: number
  /** The custom property that holds its colour. */
  readonly tone: string
}

function Strip(props: StripProps) {
  const { label, at, span, end } = props
  const canvas = useRef<HTMLCanvasElement>(null)
  const latest = useRef(props)
  latest.current = props
  const draw = (): void => void (canvas.current && drawStrip(canvas.current, latest.current))
  useEffect(() => {
    const sized = new ResizeObserver(draw)
    if (canvas.current) sized.observe(canvas.current)
    return () => sized.disconnect()
  }, [])
  const now = theme.value
  useEffect(draw, [at.length, span, end, now])
  return (
    <div class="strip">
      <span class="name">{label}</span>
      <canvas ref={canvas} role="img" aria-label={`${label}: ${counted(at.length, 'arrival')} in ${duration(end)}`} />
    </div>
  )
}

function drawStrip(canvas: HTMLCanvasElement, { at, span, end, tone }: StripProps): void {
  const { clientWidth: width, clientHeight: height } = canvas
  const pen = canvas.getContext('2d')
  if (!pen || width === 0) return
  const ratio = devicePixelRatio
  canvas.width = Math.round(width * ratio)
  canvas.height = Math.round(height * ratio)
  pen.scale(ratio, ratio)
  const style = getComputedStyle(canvas)
  pen.fillStyle = style.getPropertyValue(tone)
  const counts = countsIn(at, span, width - 2)
  const most = Math.max(...counts)
  for (const [index, count] of counts.entries()) {
    if (count === 0) continue
    const high = heightOf(count, most) * (height - 4)
    pen.fillRect(index * COLUMN, height - high, COLUMN - 1, high)
  }
  pen.fillStyle = style.getPropertyValue('--ink-2')
  pen.fillRect(span > 0 ? Math.min((end / span) * width, width - 2) : 0, 0, 2, height)
}
