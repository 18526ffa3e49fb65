/** Two timelines above each other on one axis, with a line across both where one points or goes by keys. */
import { useSignal } from '@preact/signals'
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks'
import type { Compared } from '../../server/serve/page/data.ts'
import { theme } from '../app/theme.ts'
import { Card } from '../parts/card.tsx'
import { coloursNow } from '../parts/colours.ts'
import { counted, duration } from '../parts/format.ts'
import { keyOf } from '../parts/key.ts'
import { nameOfLane } from '../parts/lanes.ts'
import { type Scale, timeAt, wholeOf, xOf } from '../parts/scale.ts'
import { EDGE } from '../parts/strokes.ts'
import { Swatch } from '../parts/swatch.tsx'
import { useWidth } from '../parts/width.ts'
import { drawStrips } from './draw.ts'
import { measuresOf } from './figures.ts'
import { Measures } from './measures.tsx'
import { type Strip, comeBy, stripsOf } from './strips.ts'

const SIDES = ['Before', 'After'] as const

export function Timelines({ before, after }: Compared) {
  const strips = useMemo(() => stripsOf([before, after]), [before, after])
  const end = Math.max(before.durationMs, after.durationMs)
  const time = useSignal<number | undefined>(undefined)
  const at = time.value
  const told =
    at === undefined
      ? undefined
      : `${duration(at)} · before: ${counted(comeBy(before, at), 'record')} · after: ${counted(comeBy(after, at), 'record')}`
  return (
    <Card title="Timelines" class="timelines" note={told}>
      <div class="strips">
        <Labels strips={strips} />
        <Plot strips={strips} end={end} time={time} told={told} />
      </div>
      <Measures figures={measuresOf({ before, after })} />
    </Card>
  )
}

const Labels = ({ strips }: { readonly strips: readonly Strip[] }) => (
  <div class="lane-names" aria-hidden="true">
    {strips.map(({ view, lanes, lanesTop }, side) => (
      <div key={view.name}>
        <span class="side" style={{ top: `${lanesTop - 24}px` }}>
          {SIDES[side]}
        </span>
        {lanes.map(({ kind, items, top }) => (
          <span key={kind} class="lane" style={{ top: `${top - 1}px` }}>
            <Swatch kind={kind} /> {nameOfLane(kind, lanes.length === 1)} <span class="count">{items.length}</span>
          </span>
        ))}
      </div>
    ))}
  </div>
)

interface PlotProps {
  readonly strips: readonly Strip[]
  readonly end: number
  readonly time: { value: number | undefined }
  readonly told: string | undefined
}

/** How far a key goes, as a part of the whole. */
const STEPS: Readonly<Record<string, number>> = {
  ArrowRight: 0.01,
  ArrowUp: 0.01,
  ArrowLeft: -0.01,
  ArrowDown: -0.01,
  PageUp: 0.1,
  PageDown: -0.1,
  Home: -1,
  End: 1,
}

function Plot({ strips, end, time, told }: PlotProps) {
  const frame = useRef<HTMLDivElement>(null)
  const canvas = useRef<HTMLCanvasElement>(null)
  const width = useSignal(0)
  useWidth(frame, width)
  const scale: Scale = { ...wholeOf(end), width: Math.max(0, width.value - 2 * EDGE) }
  const height = strips.at(-1)?.bottom ?? 0
  useLayoutEffect(() => draw(canvas.current, scale, strips, height), [strips, width.value, theme.value])

  const clamp = (next: number): number => Math.max(0, Math.min(scale.to, next))
  const point = ({ clientX }: PointerEvent): void => {
    const left = frame.current?.getBoundingClientRect().left ?? 0
    time.value = clamp(timeAt(scale, clientX - left - EDGE))
  }
  const leave = (): void => void (time.value = undefined)
  const press = (event: KeyboardEvent): void => {
    const by = STEPS[keyOf(event)]
    if (by === undefined) return
    time.value = clamp((time.value ?? 0) + by * scale.to)
    event.preventDefault()
  }
  return (
    <div
      ref={frame}
      class="plot"
      role="slider"
      tabIndex={0}
      aria-label="A time in both recordings"
      aria-valuemin={0}
      aria-valuemax={Math.round(scale.to)}
      aria-valuenow={Math.round(time.value ?? 0)}
      aria-valuetext={told}
      style={{ height: `${height}px` }}
      onPointerMove={point}
      onPointerDown={point}
      onPointerLeave={leave}
      onKeyDown={press}
      onBlur={leave}
    >
      <canvas ref={canvas} aria-hidden="true" />
      {time.value !== undefined && (
        <span class="cursor" style={{ transform: `translateX(${EDGE + xOf(scale, time.value)}px)` }} />
      )}
    </div>
  )
}

function draw(canvas: HTMLCanvasElement | null, scale: Scale, strips: readonly Strip[], height: number): void {
  const pen = canvas?.getContext('2d')
  if (!canvas || !pen || scale.width <= 0) return
  const width = scale.width + 2 * EDGE
  canvas.width = Math.round(width * devicePixelRatio)
  canvas.height = Math.round(height * devicePixelRatio)
  canvas.style.width = `${width}px`
  canvas.style.height = `${height}px`
  pen.scale(devicePixelRatio, devicePixelRatio)
  pen.translate(EDGE, 0)
  drawStrips({ pen, scale, colours: coloursNow() }, strips)
}
