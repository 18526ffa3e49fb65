/** The manifests of the docs: what Kubernetes' own schemas say of them, and what a real server says to their probes. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { symlink, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { readPage } from './kit/docs.ts'
import { runServer, temporaryFolder } from './kit/tools.ts'

const run = promisify(execFile)

/** promptfoo brings a reader of YAML along. */
const yaml = createRequire(createRequire(import.meta.url).resolve('promptfoo'))('js-yaml')

const manifestSchema = z.looseObject({ apiVersion: z.string(), kind: z.string() })
type Manifest = z.infer<typeof manifestSchema>

const blocks = [...(await readPage('docs/replicas.md')).matchAll(/^```yaml\n([\s\S]*?)^```$/gm)]
const texts = blocks.flatMap(([, block = '']) => block.split(/^---$/m))

const read = (text: string): Manifest => manifestSchema.parse(yaml.load(text))

/** Where `.ci/run` puts Kubernetes' schemas, as types and as validators: the tree has no room for them. */
const { KUBERNETES = 'nowhere' } = process.env
const SCHEMAS = resolve(KUBERNETES, 'node_modules')
const isThere = existsSync(join(SCHEMAS, 'kubernetes-models'))

/**
 * What is wrong with manifests. The types find a member that does not exist, and the validators what values may be, such
 * as the words that a member takes.
 */
async function flawsOf(manifests: readonly Manifest[]): Promise<string[]> {
  const folder = await temporaryFolder()
  await symlink(SCHEMAS, join(folder, 'node_modules'))
  await writeFile(join(folder, 'package.json'), '{"type":"module"}')
  const files = manifests.map(({ kind }, index) => `${index}-${kind}.ts`)
  for (const [index, manifest] of manifests.entries()) {
    const { apiVersion, kind } = manifest
    const lines = [
      `import { ${kind}, type I${kind} } from 'kubernetes-models/${apiVersion}/${kind}'`,
      `const manifest: I${kind} = ${JSON.stringify(manifest, undefined, 2)}`,
      `new ${kind}(manifest).validate()`,
    ]
    await writeFile(join(folder, files[index] ?? ''), lines.join('\n'))
  }
  const tsc = [
    resolve('node_modules/.bin/tsc'),
    '--noEmit',
    '--strict',
    '--skipLibCheck',
    '--module',
    'nodenext',
    '--types',
    '',
  ]
  const checks = [[...tsc, ...files], ...files.map((file) => [process.execPath, file])]
  const said = checks.map(([program = '', ...args]) =>
    run(program, args, { cwd: folder }).then(
      () => [],
      (error: { readonly stdout: string; readonly stderr: string }) => error.stdout + error.stderr,
    ),
  )
  return (await Promise.all(said)).flat()
}

test('every manifest is one, and what is none is found', async ({ skip }) => {
  skip(
    !isThere && process.env.CI === undefined,
    'kubernetes-models is not installed: .ci/run installs it for KUBERNETES',
  )
  const kinds = texts.map((text) => read(text).kind)
  expect(kinds).toEqual(['Deployment', 'Service', 'PodDisruptionBudget', 'ServiceAccount', 'Ingress'])
  expect(await flawsOf(texts.map(read))).toEqual([])

  const broken = [
    ['readinessProbe', 'readyProbe', `'"readyProbe"' does not exist`],
    ['replicas: 3', "replicas: '3'", `Type 'string' is not assignable to type 'number'`],
    ['minAvailable: 2', 'minimum: 2', `'"minimum"' does not exist`],
    ['sessionAffinity: ClientIP', 'sessionAffinity: Client', 'data/spec/sessionAffinity must be equal to one of'],
    [
      'secretKeyRef: { name: deltatape, key: auth-token }',
      'secretKeyRef: { name: deltatape }',
      `Property '"key"' is missing`,
    ],
  ] as const
  for (const [right, wrong, flaw] of broken) {
    const [text = ''] = texts.filter((each) => each.includes(right))
    expect((await flawsOf([read(text.replace(right, wrong))])).join('\n')).toContain(flaw)
  }
})

const probeSchema = z.object({ httpGet: z.object({ path: z.string(), port: z.literal('http') }) })

const podSchema = z.object({
  terminationGracePeriodSeconds: z.number(),
  containers: z.tuple([
    z.object({
      env: z.array(z.object({ name: z.string(), value: z.string().default('a-token') })),
      livenessProbe: probeSchema,
      readinessProbe: probeSchema,
      lifecycle: z.object({ preStop: z.object({ sleep: z.object({ seconds: z.number() }) }) }),
    }),
  ]),
})

/** What the manifests say of a pod, as far as it is about the server. */
const pod = podSchema.parse(yaml.load(texts[0] ?? '').spec.template.spec)

test('a server that is configured as in the pod is alive and ready for its probes, and has time to end', async () => {
  const { env, livenessProbe, readinessProbe, lifecycle } = pod.containers[0]
  const { FIXTURES, FIXTURES_CACHE, ...variables } = Object.fromEntries(env.map(({ name, value }) => [name, value]))
  expect([FIXTURES, FIXTURES_CACHE]).toEqual(['s3://my-fixtures/main', '/cache'])
  const [POD_IP, ALLOWED_HOSTS = ''] = ['10.1.2.3', variables.ALLOWED_HOSTS]
  const hosts = ALLOWED_HOSTS.replace('$(POD_IP)', POD_IP)
  const { url } = await runServer({ ...variables, ALLOWED_HOSTS: hosts, PORT: '0' })
  const { port } = new URL(url)
  const status = (path: string, host: string) =>
    new Promise<number | undefined>((done, fail) => {
      const asking = request({ port, path, headers: { host } }, (response) => done(response.resume().statusCode))
      asking.on('error', fail).end()
    })
  for (const { httpGet } of [livenessProbe, readinessProbe]) {
    expect([httpGet.path, await status(httpGet.path, `${POD_IP}:3300`)]).toEqual([httpGet.path, 200])
    expect(await status(httpGet.path, '10.1.2.4:3300')).toBe(403)
  }
  for (const host of ['deltatape', 'deltatape.ci.svc.cluster.local']) expect(await status('/health', host)).toBe(200)
  const ending = lifecycle.preStop.sleep.seconds + Number(variables.SHUTDOWN_GRACE_MS) / 1000
  expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(ending)
})
