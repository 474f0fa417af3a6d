import { Backlog } from './backlog.js'
import { readBootId } from './boot-id.js'
import { DISK } from './file-system.js'
import { SOCKET_LOCKS } from './lock.js'
import { adopt, LOCK, makeHome, ownersIn } from './ownership.js'
import { type Found, readDirectory } from './recovery.js'

/** One sub-directory of a spool. */
export interface SpoolOwner {
  /** Path below the directory of the spool. */
  readonly name: string
  /** A process owns it now: it is counted as it lies there, and not read. */
  readonly alive: boolean
  /** Its owner closed in good order. */
  readonly closed: boolean
  readonly segments: number
  readonly bytes: number
  /** Records that are not settled; of a living owner, unknown. */
  readonly records?: number
  /** Admission of the oldest of them, in milliseconds since 1970. */
  readonly oldest?: number
  /** What reading all of it has found; absent if it was not read. */
  readonly damage?: { readonly badPlaces: number; readonly torn: number; readonly lost: number }
  /** Files that were left alone, and why. */
  readonly unread: readonly string[]
}

export interface SpoolReport {
  readonly directory: string
  readonly owners: readonly SpoolOwner[]
  /** Files with bytes that could not be read. */
  readonly setAside: number
}

/** A record of a spool, as a program may read it. */
export interface ExportedRecord {
  readonly data: string | Uint8Array
  readonly partitionKey?: string
  readonly explicitHashKey?: string
  /** Milliseconds since 1970. */
  readonly admittedAt: number
  readonly possiblyDelivered: boolean
}

/**
 * Tells what a spool holds. Nothing is changed.
 * @param reads whether every record is read, and its checksum with it
 */
export const inspectSpool = async (directory: string, reads: boolean): Promise<SpoolReport> => {
  const owners: SpoolOwner[] = []
  for (const name of ownersIn(DISK, directory)) {
    const alive = await SOCKET_LOCKS.isHeld(`${directory}/${name}/${LOCK}`)
    for (const below of ownersIn(DISK, `${directory}/${name}`))
      owners.push(inspectOwner(directory, `${name}/${below}`, alive, reads))
    owners.push(inspectOwner(directory, name, alive, reads))
  }
  const bad = `${directory}/bad`
  const setAside = DISK.kindOf(bad) === 'directory' ? DISK.list(bad).length : 0
  return { directory, owners, setAside }
}

const inspectOwner = (
  directory: string,
  name: string,
  alive: boolean,
  reads: boolean,
): SpoolOwner => {
  const path = `${directory}/${name}`
  const { segments, closed, unread } = readDirectory(READ_ONLY, path, readBootId())
  const known = {
    name,
    alive,
    closed,
    segments: segments.list.length,
    bytes: segments.list.reduce((sum, segment) => sum + segment.bytes, 0),
    unread: unread.map(({ path: file, why }) => `${file}: ${why}`),
  }
  if (alive) return known
  const records = segments.list.reduce((sum, segment) => sum + segment.unsettled, 0)
  if (!reads) return { ...known, records }
  const damage = { badPlaces: 0, torn: 0, lost: 0 }
  let read = 0
  let oldest: number | undefined
  for (const { admittedAt } of recordsOf({ segments, closed, unread }, damage)) {
    read++
    oldest = Math.min(oldest ?? admittedAt, admittedAt)
  }
  return { ...known, records: read, ...(oldest !== undefined && { oldest }), damage }
}

/** Takes no part in removing what is settled. */
const READ_ONLY = { ...DISK, remove: (): void => {}, removeDirectory: (): void => {} }

function* recordsOf(
  { segments, closed }: Found,
  damage: { badPlaces: number; torn: number; lost: number },
): Generator<ExportedRecord> {
  const backlog = new Backlog({
    fs: READ_ONLY,
    segments,
    trustsFlags: !closed,
    loaded: () => {},
    lost: (segment, first, count) => {
      damage.lost += segment.settled.add(first, count)
    },
    bad: () => damage.badPlaces++,
    torn: () => damage.torn++,
  })
  try {
    for (let record = backlog.next(); record !== undefined; record = backlog.next()) {
      const { data, isText, partitionKey, explicitHashKey, admittedAt, maybeSent } = record
      yield {
        data: isText ? data.toString('utf8') : Uint8Array.from(data),
        ...(partitionKey !== undefined && { partitionKey }),
        ...(explicitHashKey !== undefined && { explicitHashKey }),
        admittedAt,
        possiblyDelivered: maybeSent,
      }
    }
  } finally {
    backlog.close()
  }
}

/**
 * Hands out every record that no living process owns, oldest first. They stay where they are; nobody
 * else takes them over meanwhile.
 */
export const exportSpool = async (
  directory: string,
  visit: (record: ExportedRecord) => unknown,
): Promise<{ readonly records: number; readonly badPlaces: number; readonly lost: number }> => {
  const home = makeHome(DISK, SOCKET_LOCKS, directory)
  const damage = { badPlaces: 0, torn: 0, lost: 0 }
  let records = 0
  try {
    for (const path of await adopt(DISK, SOCKET_LOCKS, directory, home))
      for (const record of recordsOf(readDirectory(READ_ONLY, path, readBootId()), damage)) {
        records++
        await visit(record)
      }
  } finally {
    home.release()
    if (ownersIn(DISK, home.path).length === 0) DISK.removeDirectory(home.path)
  }
  return { records, badPlaces: damage.badPlaces, lost: damage.lost }
}
