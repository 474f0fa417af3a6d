import { randomBytes } from 'node:crypto'
import type { FileSystem } from './file-system.js'
import type { Lock, Locks } from './lock.js'
import { tryTo } from './segment-writer.js'

export const LOCK = 'lock'
const OWNER = /^owner-(\d{10})-[0-9a-f]{8}$/
const PREPARED = /^new-[0-9a-f]{8}$/

/** The sub-directory of this producer, which it owns while it holds the lock. */
export interface Home {
  readonly path: string
  /** Whether it is still there. */
  isThere(): boolean
  /** Whoever comes next may adopt what is in it. */
  release(): void
}

const generationOf = (name: string): number => Number(OWNER.exec(name)?.[1] ?? 0)

const randomName = (): string => randomBytes(4).toString('hex')

/** Owners in the order in which they began. */
export const ownersIn = (fs: FileSystem, directory: string): string[] =>
  fs
    .list(directory)
    .filter(name => OWNER.test(name) && fs.kindOf(`${directory}/${name}`) === 'directory')
    .toSorted()

/**
 * Makes a sub-directory of our own. It is seen by others only when its lock is held: what they see
 * has an owner, or had one.
 */
export const makeHome = (fs: FileSystem, locks: Locks, directory: string): Home => {
  fs.makeDirectories(directory)
  const generation = Math.max(0, ...ownersIn(fs, directory).map(generationOf)) + 1
  const prepared = `${directory}/new-${randomName()}`
  const path = `${directory}/owner-${String(generation).padStart(10, '0')}-${randomName()}`
  fs.makeDirectory(prepared)
  let lock: Lock | undefined
  try {
    lock = locks.take(`${prepared}/${LOCK}`)
    fs.rename(prepared, path)
  } catch (error) {
    lock?.release()
    tryTo(() => fs.remove(`${prepared}/${LOCK}`))
    tryTo(() => fs.removeDirectory(prepared))
    throw error
  }
  return {
    path,
    isThere: () => fs.kindOf(`${path}/${LOCK}`) !== undefined,
    release: () => {
      lock.release()
      tryTo(() => fs.remove(`${path}/${LOCK}`))
    },
  }
}

/**
 * Takes over what has no owner any more: each is renamed into our own directory, which succeeds for
 * one adopter only. Returns the paths of all there are now, those
 * that began first coming first.
 */
export const adopt = async (
  fs: FileSystem,
  locks: Locks,
  directory: string,
  home: Home,
): Promise<readonly string[]> => {
  const ours = home.path.slice(directory.length + 1)
  const names = ownersIn(fs, directory).filter(name => name !== ours)
  const held = await Promise.all(names.map(name => locks.isHeld(`${directory}/${name}/${LOCK}`)))
  names.forEach((name, i) => {
    if (held[i] === true || !home.isThere()) return
    try {
      fs.rename(`${directory}/${name}`, `${home.path}/${name}`)
    } catch {
      // Another one was faster, or it is not ours to move.
      return
    }
    tryTo(() => fs.remove(`${home.path}/${name}/${LOCK}`))
  })
  await removePrepared(fs, locks, directory)
  return takeOut(fs, home.path)
}

/** Makes what the adopted ones had adopted lie beside them: a row of crashes must not nest for ever. */
const takeOut = (fs: FileSystem, path: string): string[] => {
  const found = ownersIn(fs, path)
  for (const name of found)
    for (const inner of ownersIn(fs, `${path}/${name}`)) {
      fs.rename(`${path}/${name}/${inner}`, `${path}/${inner}`)
      found.push(inner)
    }
  return found.toSorted().map(name => `${path}/${name}`)
}

/** Directories whose maker died before they were of any use: nothing but its lock is in them. */
const removePrepared = async (fs: FileSystem, locks: Locks, directory: string): Promise<void> => {
  for (const name of fs.list(directory)) {
    const lock = `${directory}/${name}/${LOCK}`
    // Without a lock it is being made.
    if (!PREPARED.test(name) || fs.kindOf(lock) === undefined || (await locks.isHeld(lock)))
      continue
    tryTo(() => fs.remove(lock))
    tryTo(() => fs.removeDirectory(`${directory}/${name}`))
  }
}
