// A copy of what the tests of the core need, for StrykerJS to change in place. A copy, as
// node_modules/@kinesis-producer/core has to lead to the mutated code and not to the workspace's.
import { cpSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'

const link = (target, path) => symlinkSync(target, path, 'junction')

/** Makes it anew at `sandbox`, a folder below `root`; `tsc -p packages/core` compiles the core there. */
export const makeSandbox = (root, sandbox) => {
  rmSync(sandbox, { recursive: true, force: true })
  mkdirSync(`${sandbox}/node_modules/@kinesis-producer`, { recursive: true })
  mkdirSync(`${sandbox}/packages/core`, { recursive: true })

  for (const name of readdirSync(`${root}/node_modules`)) {
    if (name.startsWith('.') || name === '@kinesis-producer') continue
    link(`${root}/node_modules/${name}`, `${sandbox}/node_modules/${name}`)
  }
  for (const name of readdirSync(`${root}/packages`)) {
    if (name === 'core') continue
    link(`${root}/packages/${name}`, `${sandbox}/packages/${name}`)
    link(`${sandbox}/packages/${name}`, `${sandbox}/node_modules/@kinesis-producer/${name}`)
  }
  link(`${root}/packages/core/node_modules`, `${sandbox}/packages/core/node_modules`)
  link(`${sandbox}/packages/core`, `${sandbox}/node_modules/@kinesis-producer/core`)

  for (const path of ['package.json', 'packages/core/package.json', 'packages/core/src'])
    cpSync(`${root}/${path}`, `${sandbox}/${path}`, { recursive: true })
  cpSync(`${root}/build/test`, `${sandbox}/build/test`, { recursive: true })

  // All mutants are in one build, each behind a switch: types would not fit, so they are not checked.
  const config = {
    extends: `${root}/tsconfig.base.json`,
    compilerOptions: {
      noCheck: true,
      noEmitOnError: false,
      composite: false,
      incremental: false,
      declaration: false,
      isolatedDeclarations: false,
      sourceMap: false,
      inlineSources: false,
      rootDir: 'src',
      outDir: 'dist',
    },
    include: ['src'],
  }
  writeFileSync(`${sandbox}/packages/core/tsconfig.json`, JSON.stringify(config))
}
