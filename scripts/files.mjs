import { readdirSync } from 'node:fs'

/** Every file below a folder whose name ends so, as paths with slashes that begin with the folder, sorted. */
export const filesIn = (folder, ending) =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile() && entry.name.endsWith(ending))
    .map(entry => `${entry.parentPath}/${entry.name}`.replaceAll('\\', '/'))
    .toSorted()
