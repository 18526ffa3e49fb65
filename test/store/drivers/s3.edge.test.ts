/** Fixtures in a bucket of a real gateway, and what is told of one that does not do what it was asked. */
import { inspect } from 'node:util'
import { afterAll, afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { systemClock } from '../../../server/base/clock.ts'
import { type Driver, wholeOf } from '../../../server/store/driver.ts'
import { openS3 } from '../../../server/store/drivers/s3.ts'
import { READER, type Wire, allowReader, emptyBucket, listening, wireTo } from '../../kit/bucket.ts'
import { onEngine } from '../../kit/engines.ts'
import { freePort } from '../../kit/ports.ts'
import { testContract } from './contract.ts'

const MiB = 1024 * 1024

afterEach(() => void vi.unstubAllEnvs())

const text = (words: string) => Buffer.from(words)

function open(place: string, timeoutMs = 30_000): Driver {
  const driver = openS3({ place, clock: systemClock, timeoutMs })
  onTestFinished(() => driver.close())
  return driver
}

/** Each operation of a driver, by what its error says. */
const operations = (driver: Driver): Record<string, () => Promise<unknown>> => ({
  'it cannot be used': () => driver.check({ write: true }),
  'a.jsonl could not be read': async () => driver.get('a.jsonl'),
  'a.jsonl could not be written': () => driver.put('a.jsonl', text('one')),
  'the fixtures could not be listed': async () => driver.list()[Symbol.asyncIterator]().next(),
  'a.jsonl could not be removed': () => driver.remove('a.jsonl'),
})

/** Expects that nothing can be done, and that each time is told why. */
async function expectTold(driver: Driver, code: string, why: RegExp): Promise<void> {
  for (const [what, act] of Object.entries(operations(driver))) {
    const error = await act().then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    expect(error).toMatchObject({ name: 'DeltatapeError', code, message: expect.stringMatching(why) })
    expect(error).toMatchObject({ message: expect.stringContaining(`${driver.place}: ${what}: `) })
    expect(inspect(error, { depth: Infinity, showHidden: true })).not.toMatch(/testtest|a-wrong-secret/)
  }
}

onEngine('s3', 'a bucket', (freshPlace) => {
  const places: string[] = []
  const placeOf = () => {
    const place = freshPlace()
    places.push(place)
    return place
  }
  afterAll(async () => {
    for (const place of places) await emptyBucket(place)
  })

  testContract({ engine: 's3', open: openS3, freshPlace: placeOf })
  testPlaces(placeOf)
  testRefusals(placeOf)
  testRights(placeOf)
  testWires(placeOf)
})

function testPlaces(placeOf: () => string): void {
  test('a place is the same with a slash at its end, and without a region', async () => {
    vi.stubEnv('AWS_REGION', undefined)
    vi.stubEnv('AWS_CONFIG_FILE', '/dev/null')
    const place = placeOf()
    await open(`${place}/`).put('a.jsonl', text('one'))
    expect(open(`${place}//`).place).toBe(place)
    expect(await open(place).get('a.jsonl')).toMatchObject({ bytes: 3 })
  })

  test('the folders that a console makes are no fixtures', async () => {
    const place = placeOf()
    const driver = open(place)
    for (const name of ['', 'sub/', 'sub/a.jsonl']) await driver.put(name, text(name))
    const names: string[] = []
    for await (const { entries } of driver.list()) names.push(...entries.map(({ name }) => name))
    expect(names).toEqual(['sub/a.jsonl'])
  })

  test('an object without bytes has a version like any other', async () => {
    const driver = open(placeOf())
    const version = await driver.put('a', text(''))
    expect(version).not.toBe('')
    expect(await driver.get('a', { first: 10 })).toMatchObject({ version, bytes: 0 })
    expect(await driver.get('a', { known: version })).toBe('same')
    expect(await driver.putIf('a', text('one'), { version })).toBeDefined()
  })
}

function testRefusals(placeOf: () => string): void {
  test('a wrong secret, and an access key that nobody has', async () => {
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'a-wrong-secret')
    const wrong = open(placeOf())
    await expectTold(
      wrong,
      'store_refused',
      /the secret does not belong .* \(SignatureDoesNotMatch, HTTP 403\)\. Check/,
    )
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'nobody')
    await expectTold(open(placeOf()), 'store_refused', /does not know the access key \(InvalidAccessKeyId, HTTP 403\)/)
  })

  test('a bucket that is not there is never taken for a fixture that is not', async () => {
    const driver = open('s3://no-such-bucket-of-deltatape/prefix')
    await expectTold(driver, 'store_refused', /there is no such bucket \(NoSuchBucket, HTTP 404\)\. Make the bucket/)
  })

  test('nobody listens', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL_S3', `http://127.0.0.1:${await freePort()}`)
    await expectTold(
      open(placeOf()),
      'store_away',
      /nobody listens there \(ECONNREFUSED, 4 tries\)\. Check AWS_ENDPOINT/,
    )
  })

  test('somebody listens, and says nothing', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL_S3', await listening(() => undefined))
    await expectTold(open(placeOf(), 300), 'store_away', /it takes too long \(TimeoutError, no answer in 300 ms\)/)
  })

  test('what answers is no S3', async () => {
    const page = '<!doctype html><p>It works!<br></html>'
    const answer = `HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: ${page.length}\r\n\r\n${page}`
    const url = await listening((socket) => socket.on('data', () => socket.write(answer)))
    vi.stubEnv('AWS_ENDPOINT_URL_S3', url)
    await expectTold(open(placeOf()), 'store_refused', /does not speak S3 .*\. Correct AWS_ENDPOINT_URL_S3\.$/)
    vi.stubEnv('AWS_ENDPOINT_URL_S3', url.replace('http:', 'https:'))
    await expectTold(open(placeOf(), 2000), 'store_refused', /does not speak TLS|the connection broke/)
    vi.stubEnv('AWS_ENDPOINT_URL_S3', 'localhost')
    await expectTold(
      open(placeOf()),
      'store_refused',
      /AWS_ENDPOINT_URL_S3 is no address \(ERR_INVALID_URL\)\. Correct it/,
    )
  })

  test('no credentials', async () => {
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_PROFILE']) vi.stubEnv(name, undefined)
    for (const name of ['AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE']) vi.stubEnv(name, '/dev/null')
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true')
    await expectTold(
      open(placeOf()),
      'store_refused',
      /there are no credentials \(CredentialsProviderError, .*\)\. Set AWS_/,
    )
  })
}

function testRights(placeOf: () => string): void {
  /** A driver of somebody who may not do all. */
  const openAsReader = (place: string): Driver => {
    for (const [name, value] of Object.entries(READER)) vi.stubEnv(name, value)
    return open(place)
  }
  const READING = [
    { action: 'GetObject', on: 'objects' },
    { action: 'ListBucket', on: 'folder' },
  ] as const

  test('who may only read a folder reads it, and knows what is not there', async () => {
    const place = placeOf()
    await open(place).put('a.jsonl', text('one'))
    await allowReader(place, READING)
    const reader = openAsReader(place)
    await reader.check({ write: false })
    expect(await reader.get('a.jsonl')).toMatchObject({ bytes: 3 })
    for (const name of ['a', 'a.json', 'b.jsonl', 'a.jsonl2']) expect(await reader.get(name)).toBeUndefined()
    const { value } = await reader.list()[Symbol.asyncIterator]().next()
    expect(value).toMatchObject({ entries: [{ name: 'a.jsonl' }] })
    const denied = (right: string) => ({ code: 'store_refused', message: expect.stringContaining(`Allow ${right}`) })
    await expect(reader.put('a.jsonl', text('two'))).rejects.toMatchObject(denied('s3:PutObject.'))
    await expect(reader.putIf('b.jsonl', text('two'), 'absent')).rejects.toMatchObject(denied('s3:PutObject.'))
    await expect(reader.remove('a.jsonl')).rejects.toMatchObject(denied('s3:DeleteObject'))
  })

  test('what may not be read is never taken for what is not there', async () => {
    const place = placeOf()
    await open(place).put('a.jsonl', text('one'))
    await expectTold(openAsReader(place), 'store_refused', /access is denied.* \(AccessDenied, HTTP 403\)\. Allow s3:/)
  })

  test.each([
    ['list', READING.slice(0, 1), 'b.jsonl'],
    ['read', READING.slice(1), 'a.jsonl'],
  ])('who may not %s is told of the right that it takes', async (_right, rights, name) => {
    const place = placeOf()
    await open(place).put('a.jsonl', text('one'))
    await allowReader(place, rights)
    await expect(openAsReader(place).get(name)).rejects.toMatchObject({
      code: 'store_refused',
      message: expect.stringMatching(
        /or it is not there and s3:ListBucket is not allowed .* Allow s3:GetObject and s3:List/,
      ),
    })
  })
}

function testWires(placeOf: () => string): void {
  /** A driver at the other end of a wire. */
  const openOver = async (place: string, wire: Wire): Promise<Driver> => {
    vi.stubEnv('AWS_ENDPOINT_URL_S3', await wireTo(process.env.AWS_ENDPOINT_URL_S3 ?? '', wire))
    return open(place)
  }
  const bytes = Buffer.alloc(9 * MiB, 'all of it, ')

  test('a body that is always cut is told, and nothing of it given', async () => {
    const place = placeOf()
    await open(place).put('a.jsonl', bytes)
    const driver = await openOver(place, (_, passed) => passed < 100_000)
    await expect(driver.get('a.jsonl')).rejects.toMatchObject({
      code: 'store_away',
      message: expect.stringMatching(/a\.jsonl could not be read: its bytes broke off \(CutError\)\. Try again/),
    })
  })

  test('a body that is cut once is whole all the same', async () => {
    const place = placeOf()
    await open(place).put('a.jsonl', bytes)
    let cuts = 0
    const driver = await openOver(place, (_, passed) => passed < 100_000 || cuts++ > 0)
    const got = await driver.get('a.jsonl')
    expect(typeof got === 'object' && (await wholeOf(got)).equals(bytes)).toBe(true)
    expect(cuts).toBeGreaterThan(1)
  })

  test('what breaks off in the middle is never taken for the end', async () => {
    const place = placeOf()
    await open(place).put('a.jsonl', bytes)
    let sound = true
    const driver = await openOver(place, () => sound)
    const got = await driver.get('a.jsonl')
    let length = 0
    const reading = async () => {
      if (typeof got !== 'object') return
      for await (const piece of got.body()) {
        length += piece.byteLength
        sound = false
      }
    }
    await expect(reading()).rejects.toMatchObject({ code: 'store_away' })
    expect(length).toBe(4 * MiB)
  })

  test('an outage does not use up the tries of later', async () => {
    const place = placeOf()
    let lost = Infinity
    const driver = await openOver(place, () => lost-- <= 0)
    const away = Array.from({ length: 20 }, () => driver.check({ write: false }).catch((error: unknown) => error))
    for (const error of await Promise.all(away)) expect(error).toMatchObject({ code: 'store_away' })
    lost = 2
    await driver.check({ write: false })
  })

  test('a write whose answer is lost is known again by its bytes', async () => {
    const place = placeOf()
    const sound = open(place)
    let lost = 0
    const driver = await openOver(place, () => lost++ > 0)
    const version = await driver.putIf('a.jsonl', text('one'), 'absent')
    expect(lost).toBeGreaterThan(1)
    expect(await sound.get('a.jsonl')).toMatchObject({ version })
    lost = 0
    expect(await driver.putIf('a.jsonl', text('two'), { version: version ?? '' })).toBeDefined()
    expect(await sound.putIf('a.jsonl', text('other'), 'absent')).toBeUndefined()
  })

  test('what somebody else has written meanwhile is not taken for ours', async () => {
    const place = placeOf()
    const sound = open(place)
    // They must not go by the wire.
    await sound.check({ write: true })
    let lost = 0
    const driver = await openOver(place, async () => {
      if (lost++ > 0) return true
      await sound.put('a.jsonl', text('two'))
      return false
    })
    expect(await driver.putIf('a.jsonl', text('one'), 'absent')).toBeUndefined()
    expect(lost).toBeGreaterThan(1)
  })
}

describe('an address', () => {
  test.each([
    's3://',
    's3:///prefix',
    's3://key:secret@bucket/prefix',
    's3://b/p?secretAccessKey=secret',
    's3://buck et/',
    's3:bucket',
  ])('that names no bucket is refused, and not repeated: %s', (place) => {
    expect(() => openS3({ place, clock: systemClock, timeoutMs: 1 })).toThrow(
      expect.objectContaining({ code: 'config_invalid', message: expect.not.stringContaining('secret') }),
    )
  })
})
