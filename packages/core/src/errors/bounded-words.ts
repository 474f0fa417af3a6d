import { boundedMessage, property, shownAs } from './bounded-text.js'

/** What an error says, in one line of bounded length. Total: anything may have been thrown. */
export const boundedWords = (error: unknown): string => {
  const [name, message] = [property(error, 'name'), property(error, 'message')]
  const words =
    typeof name === 'string' && typeof message === 'string' ? `${name}: ${message}` : shownAs(error)
  return boundedMessage(words)
}
