// Packs all public packages into the folder `release`, as pnpm publishes them, with `order.txt`:
// a line `name version file` for each, those that others need first; and for each its section of
// the changelog. Tells GitHub whether one of them is not in the registry yet.

import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from '../packed.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const out = join(root, 'release')
const manifestOf = folder => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
const { packageManager } = manifestOf(root)

const packages = readdirSync(join(root, 'packages'))
  .map(name => join(root, 'packages', name))
  .map(folder => ({ folder, manifest: manifestOf(folder) }))
  .filter(({ manifest }) => manifest.private !== true)

/** Those that a package needs stand before it. */
const ordered = []
const visit = one => {
  if (ordered.includes(one)) return
  for (const other of packages)
    if (other.manifest.name in (one.manifest.dependencies ?? {})) visit(other)
  ordered.push(one)
}
for (const one of packages) visit(one)

const isPublished = ({ name, version }) => {
  const { status, stdout } = spawnSync('npm', ['view', `${name}@${version}`, 'version'], {
    encoding: 'utf8',
  })
  return status === 0 && stdout.trim() === version
}

/** What the changelog says of a version. */
const notesOf = (folder, version) => {
  let changelog
  try {
    changelog = readFileSync(join(folder, 'CHANGELOG.md'), 'utf8')
  } catch {
    return ''
  }
  const [, after = ''] = changelog.split(`\n## ${version}\n`)
  return after.split(/\n## /)[0].trim()
}

rmSync(out, { recursive: true, force: true })
mkdirSync(out)
const lines = ordered.map(({ folder, manifest: { name, version } }) => {
  const file = `${name.replace('@', '').replace('/', '-')}-${version}.tgz`
  run('npx', ['--yes', packageManager, 'pack', '--out', join(out, file)], folder)
  writeFileSync(join(out, file.replace('.tgz', '.md')), `${notesOf(folder, version)}\n`)
  return `${name} ${version} ${file}\n`
})
writeFileSync(join(out, 'order.txt'), lines.join(''))
process.stdout.write(lines.join(''))

if (process.env.GITHUB_OUTPUT) {
  const publishes = ordered.some(({ manifest }) => !isPublished(manifest))
  appendFileSync(process.env.GITHUB_OUTPUT, `publishes=${publishes}\n`)
}
