export const AMZ_JSON = 'application/x-amz-json-1.1'

/** One HTTP answer, before it is put on a wire. */
export interface Reply {
  readonly status: number
  readonly body: string
  readonly type: string
}

export const jsonReply = (value: unknown, status = 200): Reply => ({
  status,
  body: JSON.stringify(value),
  type: AMZ_JSON,
})

/** What the service throws: name, status, text. A dispatcher turns it into an answer. */
export class ServiceError extends Error {
  readonly status: number

  constructor(name: string, message: string, status: number = defaultStatus(name)) {
    super(message)
    this.name = name
    this.status = status
  }

  get reply(): Reply {
    return errorReply(this.name, this.message, this.status)
  }
}

export const errorReply = (name: string, message: string, status: number): Reply =>
  jsonReply({ __type: name, message }, status)

const SERVER_ERRORS: ReadonlyMap<string, number> = new Map([
  ['InternalFailure', 500],
  ['InternalFailureException', 500],
  ['InternalServerError', 500],
  ['ServiceUnavailable', 503],
  ['ServiceUnavailableException', 503],
])

/** JSON 1.1 answers every client error, throttling included, with 400. */
export const defaultStatus = (name: string): number => SERVER_ERRORS.get(name) ?? 400
