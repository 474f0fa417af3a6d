/** What the program says about itself, on standard error. */
export const say = (text: string): void => {
  process.stderr.write(`pino-kinesis: ${text}\n`)
}
