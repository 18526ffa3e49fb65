/** Numbers by labels. */
import { expect, test } from 'vitest'
import { createCounter, createHistogram, gauge } from '../../../server/serve/metrics/tally.ts'

test('a counter has a number for each row of labels; one without labels begins at 0', () => {
  const about = { name: 'turns_total', help: 'Turns.' }
  expect(createCounter(about).family()).toEqual({ ...about, type: 'counter', values: [{ labels: {}, value: 0 }] })
  const counter = createCounter({ ...about, labels: ['outcome', 'code'] })
  expect(counter.family().values).toEqual([])
  counter.at('hit', '').value++
  counter.at('hit', 'x').value++
  counter.at('hit', '').value += 2
  expect(counter.family().values).toEqual([
    { labels: { outcome: 'hit', code: '' }, value: 3 },
    { labels: { outcome: 'hit', code: 'x' }, value: 1 },
  ])
})

test('the buckets of a histogram hold what is not more than their bound, each all of those before it', () => {
  const histogram = createHistogram({ name: 's', help: 'Seconds.', labels: ['of'] }, [0.5, 1])
  for (const value of [0.5, 0.25, 1, 2, 0.75]) histogram.at('a').observe(value)
  expect(histogram.family().values).toEqual([
    { labels: { of: 'a', le: 0.5 }, value: 2, metricName: 's_bucket' },
    { labels: { of: 'a', le: 1 }, value: 4, metricName: 's_bucket' },
    { labels: { of: 'a', le: '+Inf' }, value: 5, metricName: 's_bucket' },
    { labels: { of: 'a' }, value: 4.5, metricName: 's_sum' },
    { labels: { of: 'a' }, value: 5, metricName: 's_count' },
  ])
})

test('what is looked up is told as it is', () => {
  expect(gauge({ name: 'open', help: 'Open.', labels: ['at'] }, [[['x'], 2]])).toMatchObject({
    type: 'gauge',
    values: [{ labels: { at: 'x' }, value: 2 }],
  })
})
