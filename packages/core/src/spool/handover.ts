import type { Home } from './ownership.js'
import { CLOSED, removeSegment } from './recovery.js'
import { tryTo } from './segment-writer.js'
import type { Source } from './source.js'
import type { SpoolPorts } from './spool-types.js'

/**
 * Removes what is settled, and says that the rest was left in good order.
 * @throws what the system says; then the next owner takes it as if this one had died
 */
export const handOver = ({ fs, options }: SpoolPorts, home: Home, { segments }: Source): void => {
  for (const segment of segments.list)
    if (segment.unsettled === 0) {
      segments.remove(segment)
      removeSegment(fs, segment)
    }
  if (segments.list.length === 0) return
  const fd = fs.append(`${home.path}/${CLOSED}`)
  if (options.fsync !== false) tryTo(() => fs.syncNow(fd))
  fs.close(fd)
}
