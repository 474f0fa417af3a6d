const MAX_CHARACTERS = 300

/** What an error says, in one line of bounded length. */
export const boundedWords = (error: unknown): string => {
  const words = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  const line = words.replace(/\s+/g, ' ').trim()
  return line.length > MAX_CHARACTERS ? `${line.slice(0, MAX_CHARACTERS)}…` : line
}
