// Packages of others that still run. They come with the AWS SDK of the past, so they are installed
// apart, when the bench first needs them.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../peers/', import.meta.url))
const PEERS = {
  'aws-kinesis-writable': '4.3.0',
  'lifion-kinesis': '1.3.3',
  'aws-kinesis-agg': '4.2.7',
  'aws-sdk': '2.1693.0',
}

export const installPeers = (): void => {
  if (existsSync(`${folder}node_modules/aws-sdk`)) return
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${folder}package.json`, JSON.stringify({ private: true, dependencies: PEERS }))
  console.error('installing the peers to compare with ...')
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  })
}

/** Loads one of them. Their types, where they have some, ask for packages that are not there. */
export const requirePeer: NodeJS.Require = createRequire(`${folder}x.js`)
