/**
 * Builds the page, of `web/`, into `web/dist/`. A server that reads there meanwhile, or another build, sees a whole page
 * at any time: what is new comes first, then the HTML that names it, and what nothing names any more goes last.
 *
 * Where there is no Vite, as after `npm ci --omit=dev`, nothing is built: the server says so to whoever wants the page.
 */
import { mkdir, readFile, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const web = join(root, 'web')
const dist = join(web, 'dist')
const assets = join(dist, 'assets')

/** Puts what was built in the place of what was there. */
async function publish(made: string): Promise<void> {
  const before = await readdir(assets)
  for (const name of await readdir(join(made, 'assets'))) await rename(join(made, 'assets', name), join(assets, name))
  for (const name of ['LICENCES.txt', 'index.html']) await rename(join(made, name), join(dist, name))
  const html = await readFile(join(dist, 'index.html'), 'utf8')
  for (const name of before) if (!html.includes(name)) await rm(join(assets, name), { force: true })
}

const vite = await import('vite').catch((error: NodeJS.ErrnoException) => {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error
})
if (vite) {
  await mkdir(assets, { recursive: true })
  // On the same disk, and where nobody reads.
  const made = join(root, `page-${process.pid}.tmp`)
  try {
    const build = { outDir: made, emptyOutDir: true }
    await vite.build({ configFile: join(web, 'vite.config.ts'), logLevel: 'warn', build })
    await publish(made)
  } finally {
    await rm(made, { recursive: true, force: true })
  }
}
