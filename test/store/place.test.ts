import { describe, expect, test } from 'vitest'
import { flagsFor, flawsOf, isAddress, passwordsIn, placeOf } from '../../server/store/place.ts'

test.each(['fixtures', './fixtures', '/srv/fix:tures', String.raw`C:\fixtures`, 'C:/fixtures', 'a//b', ''])(
  '%j is a directory, and shown as it is',
  (place) => {
    expect(isAddress(place)).toBe(false)
    expect(placeOf(place)).toBe(place)
    expect(passwordsIn(place)).toEqual([])
    expect(flawsOf(place, undefined)).toEqual([])
  },
)

describe('an address is shown without what could be a password', () => {
  test.each([
    ['s3://bucket/some/prefix', 's3://bucket/some/prefix'],
    ['s3://bucket/by@somebody', 's3://bucket/by@somebody'],
    ['redis://cache.example:6379/0?prefix=app', 'redis://cache.example:6379/0?prefix=app'],
    ['redis://:hunter22@cache.example/1', 'redis://cache.example/1'],
    ['rediss://ada:hunter22@cache.example', 'rediss://cache.example'],
    ['postgres://ada:hunter22@db.example/app?sslmode=require', 'postgres://db.example/app?sslmode=require'],
    ['postgres://db.example/app?user=ada&password=hunter22', 'postgres://db.example/app?user=ada'],
    [
      'postgres://ada:hunter22@one.example:5432,two.example:5432/app',
      'postgres://one.example:5432,two.example:5432/app',
    ],
    ['postgres://db.example/app?user=ada&pass=hunter22&pwd=hunter22', 'postgres://db.example/app?user=ada'],
    ['s3://bucket/prefix?accessKeyId=hunter22&sig=hunter22', 's3://bucket/prefix'],
    // Not as it should be written, and written all the same.
    ['redis://:hunter22/@?#hunter22@cache.example/1', 'redis://cache.example/1'],
    ['redis://:hunter22@ex:hunter22@cache.example', 'redis://cache.example'],
    ['GS://ada:hunter22@bucket', 'GS://bucket'],
    ['s3://AKIA:hunter22@bucket/prefix', 's3://bucket/prefix'],
    ['s3://AKIA:hun/ter22@bucket/prefix', 's3://bucket/prefix'],
    ['S3://hunter22@bucket', 'S3://bucket'],
    ['redis:/:hunter22@cache.example', 'redis:cache.example'],
    ['postgres:ada:hunter22@db.example/app', 'postgres:db.example/app'],
  ])('%s', (place, shown) => {
    expect(isAddress(place)).toBe(true)
    expect(placeOf(place)).toBe(shown)
  })
})

test('another command is told where the fixtures are and which rules there are, but no user and no password', () => {
  expect(flagsFor('fixtures')).toEqual([])
  expect(flagsFor('my fixtures', 'rules.json')).toEqual(['--fixtures', 'my fixtures', '--config', 'rules.json'])
  expect(flagsFor('s3://bucket/prefix')).toEqual(['--fixtures', 's3://bucket/prefix'])
  expect(flagsFor('redis://:secret@host/0', 'rules.json')).toEqual(['--config', 'rules.json'])
  expect(flagsFor('postgres://user@host/db')).toEqual([])
})

test('the password of an address is known, as it stands there and as it is meant', () => {
  expect(passwordsIn('redis://:hunter%4022@cache.example/1')).toEqual(['hunter%4022', 'hunter@22'])
  expect(passwordsIn('postgres://ada:50%@db.example/app')).toEqual(['50%', '50%'])
  expect(passwordsIn('postgres://db.example/app?user=ada&password=hunter22')).toEqual(['hunter22', 'hunter22'])
  expect(passwordsIn('postgres://db.example/app?pass=hunter22')).toEqual(['hunter22', 'hunter22'])
  expect(passwordsIn('redis://cache.example:6379/0')).toEqual([])
  expect(passwordsIn('s3://bucket/prefix')).toEqual([])
})

describe('what cannot be is told', () => {
  test('an engine that is not called as it should, without what may be a password', () => {
    for (const place of ['redis:/:hunter22@cache.example', 'Postgres:ada:hunter22@db.example', 's3:bucket']) {
      const told = flawsOf(place, undefined).join()
      expect(told).toMatch(/^FIXTURES must be .* \(got (redis|postgres|s3): without the \/\/ behind it\)\.$/)
      expect(told).not.toContain('hunter22')
    }
    expect(flawsOf('s3://bucket', 's3:/AKIA:hunter22@bucket')).toEqual([expect.stringContaining('(got "s3:bucket")')])
  })

  test.each(['gs://bucket', 'azblob://container', 'https://example.com/fixtures', 'file:///srv/fixtures'])(
    '%s',
    (place) => {
      const [flaw, ...others] = flawsOf(place, undefined)
      expect(others).toEqual([])
      expect(flaw).toContain('FIXTURES must be the path of a directory, or an address such as s3://')
      expect(flaw).toContain(place)
    },
  )

  test('a cache in front of a directory, or on an engine', () => {
    expect(flawsOf('fixtures', 'cache')).toEqual([
      expect.stringContaining('FIXTURES="fixtures" is a directory already'),
    ])
    expect(flawsOf('s3://bucket', 'redis://:hunter22@host')).toEqual([expect.stringContaining('(got "redis://host")')])
    expect(flawsOf('s3://bucket', 'cache')).toEqual([])
  })

  test('no password is told of it', () => {
    expect(flawsOf('amqp://ada:hunter22@host', undefined).join('')).not.toContain('hunter22')
  })
})
