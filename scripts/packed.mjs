// For the checks that use the packages as they would be published.
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))

const windows = process.platform === 'win32'

/** Throws with everything it printed if it fails. */
export const run = (command, args, cwd) => {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    shell: windows,
  })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}\n${stdout}${stderr}`)
}

/** Not `spawnSync`: the fake endpoint lives in this process. Resolves with what it printed. */
export const start = (command, args, cwd, env) =>
  new Promise((resolve, reject) => {
    let output = ''
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env } })
    child.stdout.on('data', chunk => (output += chunk))
    child.stderr.on('data', chunk => (output += chunk))
    child.on('error', reject)
    child.on('close', code =>
      code === 0 ? resolve(output) : reject(new Error(`exit ${code}\n${output}`)),
    )
  })

/** The tarballs of packages, as dependencies of a package.json. */
export const pack = (names, folder) => {
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const tarballs = {}
  for (const name of names) {
    const tarball = join(folder, `${name}.tgz`)
    run('npx', ['--yes', packageManager, 'pack', '--out', tarball], join(root, 'packages', name))
    tarballs[`@kinesis-producer/${name}`] = `file:${tarball}`
  }
  return tarballs
}
