import type { Framing } from '../../store/framing.js'

/** Whether a record brings its terminator along, as a log line does. */
export const isTerminated = (
  memory: Buffer,
  start: number,
  length: number,
  terminator: Uint8Array,
): boolean => {
  const from = start + length - terminator.length
  if (from < start || terminator.length === 0) return false
  for (let i = 0; i < terminator.length; i++) if (memory[from + i] !== terminator[i]) return false
  return true
}

/** The terminator behind each record that has none. */
export const terminatorFraming = (terminator: Uint8Array): Framing => ({
  maxBytes: terminator.length,
  begin: (_memory, at) => at,
  end: (memory, start, end) => {
    if (isTerminated(memory, start, end - start, terminator)) return end
    for (let i = 0; i < terminator.length; i++) memory[end + i] = terminator[i] ?? 0
    return end + terminator.length
  },
})
