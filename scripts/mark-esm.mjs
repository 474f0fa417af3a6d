// dist/esm is for bundlers, under the condition `module`. tsc leaves out what tells them its format:
// without it webpack and Node's own rules take its files for CommonJS, as the package around them is.
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const packages = fileURLToPath(new URL('../packages', import.meta.url))
for (const name of readdirSync(packages)) {
  const folder = `${packages}/${name}/dist/esm`
  if (!existsSync(folder)) continue
  // Bundlers ask the nearest package.json, which is now this one, what they may leave out.
  writeFileSync(`${folder}/package.json`, '{ "type": "module", "sideEffects": false }\n')
}
