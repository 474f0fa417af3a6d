// Installs the workspace with the pnpm named in package.json, on a machine that has only node and npm.
import { spawnSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const mtime = file => statSync(`${root}${file}`, { throwIfNoEntry: false })?.mtimeMs ?? 0

// pnpm rewrites this file at the end of every install, so it dates the last complete one.
const installed = mtime('node_modules/.modules.yaml')
if (installed < mtime('pnpm-lock.yaml') || installed < mtime('pnpm-workspace.yaml')) {
  const { packageManager } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))
  const { status, error } = spawnSync(
    'npx',
    ['--yes', packageManager, 'install', '--frozen-lockfile', '--reporter=append-only'],
    { cwd: root, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' },
  )
  if (error) console.error(`bootstrap: cannot run npx: ${error.message}`)
  if (status !== 0) process.exit(status ?? 1)
}
