/** The listing of a directory: kept, and never older than what stands there. */
import { execFile } from 'node:child_process'
import { chmod, mkdir, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { systemClock } from '../../../../server/base/clock.ts'
import { pathOf } from '../../../../server/store/drivers/directory/files.ts'
import { type Listing, createListing } from '../../../../server/store/drivers/directory/listing.ts'
import { temporaryFolder } from '../../../kit/tools.ts'

/** A clock that goes on when it is told, so far ahead of the disk's that no time of a folder is of just now. */
function aheadClock() {
  let ahead = 60_000
  return {
    ...systemClock,
    now: () => ahead,
    date: () => new Date(systemClock.date().getTime() + ahead),
    advance: (ms: number) => void (ahead += ms),
  }
}

const open = (dir: string, clock = systemClock, mayBeMissing = false) => createListing(dir, { clock, mayBeMissing })

async function namesOf(listing: Listing, prefix?: string): Promise<string[]> {
  const names: string[] = []
  for await (const { entries, unknown } of listing.pages(prefix)) {
    expect(unknown).toBeUndefined()
    names.push(...entries.map(({ name }) => name))
  }
  return names
}

/** Waits until what is changed next has another time: many a disk has a clock of some milliseconds. */
async function tick(): Promise<void> {
  const probe = join(await temporaryFolder(), 'probe')
  const stamp = () => writeFile(probe, '').then(() => stat(probe))
  const { mtimeMs } = await stamp()
  while ((await stamp()).mtimeMs <= mtimeMs);
}

/** Writes a file as this process does. */
const write = (dir: string, listing: Listing, name: string) =>
  listing.writing(name, async (becomes) => {
    await writeFile(join(dir, name), '')
    becomes(true)
  })

test.each([
  ['at once', systemClock],
  ['long after', aheadClock()],
])('shows %s what others do, in each folder', async (_when, clock) => {
  const dir = await temporaryFolder()
  const listing = open(dir, clock)
  const shows = async (...names: string[]) => {
    expect(await namesOf(listing)).toEqual(names)
    await tick()
  }
  await shows()
  await writeFile(join(dir, 'b.jsonl'), '')
  await shows('b.jsonl')
  await mkdir(join(dir, 'a', 'deep'), { recursive: true })
  await shows('b.jsonl')
  await writeFile(join(dir, 'a', 'deep', 'x.jsonl'), '')
  await shows('a/deep/x.jsonl', 'b.jsonl')
  await rename(join(dir, 'b.jsonl'), join(dir, 'a', 'b.jsonl'))
  await shows('a/b.jsonl', 'a/deep/x.jsonl')
  await rename(join(dir, 'a'), join(dir, 'c'))
  await shows('c/b.jsonl', 'c/deep/x.jsonl')
  await rm(join(dir, 'c', 'b.jsonl'))
  await writeFile(join(dir, 'c', 'c.jsonl'), '')
  await shows('c/c.jsonl', 'c/deep/x.jsonl')
  await rm(join(dir, 'c'), { recursive: true })
  await shows()
})

test('is not read anew for what this process writes; what others did meanwhile is seen soon', async () => {
  const [dir, clock] = [await temporaryFolder(), aheadClock()]
  const listing = open(dir, clock)
  await writeFile(join(dir, 'a.jsonl'), '')
  expect(await namesOf(listing)).toEqual(['a.jsonl'])
  await listing.writing('c.jsonl', async (becomes) => {
    await writeFile(join(dir, 'c.jsonl'), '')
    await writeFile(join(dir, 'others.jsonl'), '')
    becomes(true)
    expect(await namesOf(listing)).toEqual(['a.jsonl', 'c.jsonl'])
  })
  await listing.writing('a.jsonl', async (becomes) => {
    await rm(join(dir, 'a.jsonl'))
    becomes(false)
  })
  await write(dir, listing, '.hidden')
  // That the name of others is missing tells that nothing was read.
  expect(await namesOf(listing)).toEqual(['c.jsonl'])
  clock.advance(20)
  expect(await namesOf(listing)).toEqual(['c.jsonl', 'others.jsonl'])
  await tick()
  await writeFile(join(dir, 'more.jsonl'), '')
  expect(await namesOf(listing)).toEqual(['c.jsonl', 'more.jsonl', 'others.jsonl'])
})

test('does not take for its own what others did before', async () => {
  const [dir, clock] = [await temporaryFolder(), aheadClock()]
  const listing = open(dir, clock)
  expect(await namesOf(listing)).toEqual([])
  await tick()
  await writeFile(join(dir, 'others.jsonl'), '')
  await write(dir, listing, 'own.jsonl')
  expect(await namesOf(listing)).toEqual(['others.jsonl', 'own.jsonl'])
})

test('never misses what this process wrote, or shows what it took away, while it is read and others write', async () => {
  const dir = await temporaryFolder()
  const [listing, elsewhere] = [open(dir), open(dir)]
  const lane = async (of: Listing, own: string) => {
    for (let round = 0; round < 60; round++) {
      const name = `${own}-${round}.jsonl`
      await write(dir, of, name)
      expect(await namesOf(of, name)).toEqual([name])
      if (round % 2 === 0) continue
      await of.writing(name, async (becomes) => {
        await rm(join(dir, name))
        becomes(false)
      })
      expect(await namesOf(of, name)).toEqual([])
    }
  }
  await Promise.all([lane(listing, 'a'), lane(listing, 'b'), lane(listing, 'c'), lane(elsewhere, 'd')])
  const there = (await readdir(dir)).toSorted()
  expect(there).toHaveLength(120)
  await expect.poll(() => namesOf(listing)).toEqual(there)
  await expect.poll(() => namesOf(elsewhere)).toEqual(there)
})

test('shows what a link leads to, each folder once however many lead round, and what it will lead to', async () => {
  const [dir, elsewhere] = [await temporaryFolder(), await temporaryFolder()]
  const listing = open(dir, aheadClock())
  await mkdir(join(dir, 'real'))
  await writeFile(join(dir, 'real', 'a.jsonl'), '')
  await writeFile(join(elsewhere, 'b.jsonl'), '')
  await symlink('.', join(dir, 'round'))
  await symlink('../real', join(dir, 'real', 'again'))
  await symlink(join(elsewhere, 'below'), join(dir, 'linked'))
  await symlink(join(elsewhere, 'b.jsonl'), join(dir, 'c.jsonl'))
  expect(await namesOf(listing)).toEqual(['c.jsonl', 'linked', 'real/a.jsonl'])
  await mkdir(join(elsewhere, 'below'))
  await writeFile(join(elsewhere, 'below', 'd.jsonl'), '')
  expect(await namesOf(listing)).toEqual(['c.jsonl', 'linked/d.jsonl', 'real/a.jsonl'])
})

test.skipIf(process.platform === 'win32')('shows what is called a fixture, whatever it is', async () => {
  const dir = await temporaryFolder()
  await mkdir(join(dir, 'folder.jsonl'))
  for (const name of ['folder.jsonl/x.jsonl', 'x.bin', '.hidden', 'notes.txt']) await writeFile(join(dir, name), '')
  await mkdir(join(dir, '.git'))
  await writeFile(join(dir, '.git', 'y.jsonl'), '')
  await promisify(execFile)('mkfifo', [join(dir, 'pipe.jsonl'), join(dir, 'pipe.bin')])
  const names = ['folder.jsonl', 'folder.jsonl/x.jsonl', 'notes.txt', 'pipe.jsonl', 'x.bin']
  expect(await namesOf(open(dir))).toEqual(names)
})

test.skipIf(process.platform !== 'linux')('keeps the bytes of a name that is no UTF-8, and their order', async () => {
  const dir = await temporaryFolder()
  const own = [[0xc3, 0xa9], [0xf0, 0x9f, 0x91, 0x8b], [0xfe, 0xe9], [0xff]].map((bytes) => Buffer.from(bytes))
  const folder = Buffer.concat([Buffer.from(`${dir}/`), Buffer.from([0xf1])])
  await mkdir(folder)
  for (const name of own) await writeFile(Buffer.concat([Buffer.from(`${dir}/`), name]), '')
  await writeFile(Buffer.concat([folder, Buffer.from('/x')]), '')
  const listing = open(dir)
  const names = await namesOf(listing)
  expect([names[0], names[1]]).toEqual(['é', '👋'])
  const paths = names.map((name) =>
    Buffer.from(pathOf(dir, name))
      .toString('latin1')
      .slice(dir.length + 1),
  )
  expect(paths).toEqual(['\xc3\xa9', '\xf0\x9f\x91\x8b', '\xf1/x', '\xfe\xe9', '\xff'])
  for (const name of names) expect(await namesOf(listing, name)).toEqual([name])
})

test('of what is no folder, is not there or cannot be read is an error: nobody knows what is in it', async () => {
  const dir = await temporaryFolder()
  await writeFile(join(dir, 'file'), '')
  await symlink('loop', join(dir, 'loop'))
  for (const [name, code] of [
    ['file', 'ENOTDIR'],
    ['none', 'ENOENT'],
    ['loop', 'ELOOP'],
  ] as const) {
    await expect(namesOf(open(join(dir, name)))).rejects.toMatchObject({
      code: 'fixture_invalid',
      message: expect.stringContaining(
        `The fixtures directory ${JSON.stringify(join(dir, name))} cannot be read: ${code}. `,
      ),
    })
  }
})

test('of what nobody has made yet is empty, if it may be missing', async () => {
  const dir = join(await temporaryFolder(), 'none')
  const listing = open(dir, systemClock, true)
  expect(await namesOf(listing)).toEqual([])
  await mkdir(dir)
  await writeFile(join(dir, 'a.jsonl'), '')
  expect(await namesOf(listing)).toEqual(['a.jsonl'])
  await rm(dir, { recursive: true })
  expect(await namesOf(listing)).toEqual([])
})

test.skipIf(process.getuid?.() === 0)(
  'says which folder cannot be read, to those who may look for what is in it',
  async () => {
    const dir = await temporaryFolder()
    await mkdir(join(dir, 'locked'))
    await writeFile(join(dir, 'a.jsonl'), '')
    await chmod(join(dir, 'locked'), 0)
    const listing = open(dir)
    const message =
      'The directory "locked" of the fixtures cannot be read: EACCES. Whoever runs this has no right to it: change that (chmod), or run it as another user.'
    for (const prefix of ['', 'lock', 'locked/x']) {
      const told: string[] = []
      for await (const { unknown = [] } of listing.pages(prefix)) told.push(...unknown.map((error) => error.message))
      expect(told).toEqual([message])
    }
    expect(await namesOf(listing, 'a')).toEqual(['a.jsonl'])
    await chmod(join(dir, 'locked'), 0o700)
    expect(await namesOf(listing)).toEqual(['a.jsonl'])
  },
)

test('names what is left of writes, and no more once it is gone', async () => {
  const dir = await temporaryFolder()
  await mkdir(join(dir, 'chat'))
  const left = ['.x.jsonl.1.0123456789ab.tmp', 'chat/.0123.jsonl.lock']
  for (const name of [...left, '.x.jsonl', '.tmp', 'x.1.0123456789ab.tmp']) await writeFile(join(dir, name), '')
  const listing = open(dir)
  expect((await listing.temporary()).toSorted()).toEqual(left)
  for (const name of left) await rm(join(dir, name))
  expect(await listing.temporary()).toEqual([])
})
