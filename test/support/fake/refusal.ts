/** An error as the service would answer it. */
export class Refusal extends Error {
  readonly status: number

  constructor(name: string, message: string, status = 400) {
    super(message)
    this.name = name
    this.status = status
  }
}

export const invalid = (message: string): Refusal =>
  new Refusal('ValidationException', `1 validation error detected: ${message}`)

export const badArgument = (message: string): Refusal => new Refusal('InvalidArgumentException', message)
