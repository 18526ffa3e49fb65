/** What is said where the library of an engine is missing. */
import { expect, test } from 'vitest'
import { loadLibrary } from '../../../server/store/drivers/library.ts'

const load = (importing: () => Promise<unknown>) => loadLibrary('@aws-sdk/client-s3', 's3://bucket/prefix', importing)
const failing = (message: string, code?: string) => () => Promise.reject(Object.assign(new Error(message), { code }))

test('a library that is there is given', async () => {
  expect(await load(() => Promise.resolve({ S3Client: 1 }))).toEqual({ S3Client: 1 })
})

test('one that is not installed is told, with what installs it', async () => {
  const absent = failing("Cannot find package '@aws-sdk/client-s3' imported from /a.js", 'ERR_MODULE_NOT_FOUND')
  await expect(load(absent)).rejects.toMatchObject({
    code: 'store_refused',
    message:
      's3://bucket/prefix needs the package @aws-sdk/client-s3, which is not installed. ' +
      'Install it where deltatape is installed: `npm install -D @aws-sdk/client-s3`.',
  })
})

test('one that lacks something itself is told as that', async () => {
  const half = failing("Cannot find package '@smithy/core' imported from /b.js\nat …", 'ERR_MODULE_NOT_FOUND')
  await expect(load(half)).rejects.toMatchObject({
    code: 'store_refused',
    message: expect.stringContaining(
      "which cannot be loaded: Cannot find package '@smithy/core' imported from /b.js. Install it",
    ),
  })
})
