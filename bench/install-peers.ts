import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

/**
 * Packages of others to compare with, in a folder of their own, since nothing else needs them. They
 * are installed when they are first asked for.
 */
export class Peers {
  readonly #folder: string
  readonly #versions: Readonly<Record<string, string>>
  /** Loads one of them. Their types, where they have some, ask for packages that are not there. */
  readonly require: NodeJS.Require

  constructor(name: string, versions: Readonly<Record<string, string>>) {
    this.#folder = fileURLToPath(new URL(`../${name}/`, import.meta.url))
    this.#versions = versions
    this.require = createRequire(`${this.#folder}x.js`)
  }

  get names(): readonly string[] {
    return Object.keys(this.#versions)
  }

  install(): void {
    const folder = this.#folder
    if (this.names.every(name => existsSync(`${folder}node_modules/${name}`))) return
    mkdirSync(folder, { recursive: true })
    const project = { private: true, dependencies: this.#versions }
    writeFileSync(`${folder}package.json`, JSON.stringify(project))
    console.error('installing the peers to compare with ...')
    const flags = ['--no-audit', '--no-fund', '--ignore-scripts', '--legacy-peer-deps']
    execFileSync('npm', ['install', ...flags], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
      shell: process.platform === 'win32',
    })
  }
}
