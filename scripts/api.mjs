// The public API as text: `docs/api/*.api.md`, one file for each entry of each package, written by
// API Extractor from the declarations. `npm run api` writes them; with `--check` it fails where
// they are not as they would be written: the public surface changed and nobody reviewed it.
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor'

const root = fileURLToPath(new URL('..', import.meta.url))
const check = process.argv.includes('--check')
const reportFolder = join(root, 'docs/api')
const tempFolder = join(root, 'node_modules/.cache/api')

/** Every entry that users can import, with its declarations: `{ name, file, types }`. */
export const entries = () =>
  readdirSync(join(root, 'packages')).flatMap(name => {
    const folder = join(root, 'packages', name)
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    return Object.entries(manifest.publishConfig.exports)
      .filter(([, target]) => typeof target !== 'string')
      .map(([entry, target]) => ({
        name: manifest.name + entry.slice(1),
        file: [name, ...entry.split('/').slice(1)].join('-'),
        folder,
        types: join(folder, target.default.types),
      }))
  })

mkdirSync(reportFolder, { recursive: true })
mkdirSync(tempFolder, { recursive: true })
const problems = []
const all = entries()
for (const { name, file, folder, types } of all) {
  const config = ExtractorConfig.prepare({
    configObject: {
      projectFolder: folder,
      mainEntryPointFilePath: types,
      // Beside those the entries share the types of a package; none is hidden.
      apiReport: {
        enabled: true,
        reportFileName: `${file}.api.md`,
        reportFolder,
        reportTempFolder: tempFolder,
        includeForgottenExports: true,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            module: 'nodenext',
            moduleResolution: 'nodenext',
            target: 'es2022',
            lib: ['es2023', 'esnext.disposable'],
            types: ['node'],
            strict: true,
            skipLibCheck: true,
          },
          files: [types],
        },
      },
      messages: {
        compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
        extractorMessageReporting: {
          default: { logLevel: ExtractorLogLevel.None },
        },
        tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
      },
      newlineKind: 'lf',
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(folder, 'package.json'),
  })
  const { apiReportChanged } = Extractor.invoke(config, {
    localBuild: !check,
    messageCallback: message => {
      const category = JSON.stringify(message.category)
      message.handled = true
      if (category === '"Compiler"') problems.push(`${name}: ${message.text}`)
    },
  })
  if (apiReportChanged) {
    if (check) problems.push(`the public API of ${name} is not that of docs/api/${file}.api.md`)
    else console.log(`changed: docs/api/${file}.api.md`)
  }
}
const known = new Set(all.map(({ file }) => `${file}.api.md`))
for (const file of readdirSync(reportFolder).filter(one => !known.has(one)))
  if (check) problems.push(`docs/api/${file} is of no entry`)
  else rmSync(join(reportFolder, file))
for (const problem of problems) console.error(`api: ${problem}`)
if (problems.length > 0 && check) console.error('api: if this is meant, npm run api, and review it')
process.exitCode = problems.length === 0 ? 0 : 1
if (problems.length === 0) console.log(`api: ${all.length} entries`)
