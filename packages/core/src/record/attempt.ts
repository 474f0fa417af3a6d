/** One try to deliver a record. */
export interface Attempt {
  /** Milliseconds between the end of the attempt before (or the admission) and this one's start. */
  readonly delay: number
  /** Milliseconds the request took. */
  readonly duration: number
  /** `'ok'`, the service's error code for the record, or the name of the request's error. */
  readonly code: string
  readonly message?: string
  /** The outcome is unknown: the record may have been stored by this attempt. */
  readonly ambiguous: boolean
}

/** Attempts remembered per record: an outage of hours must not grow the records that wait. */
export const MAX_REMEMBERED_ATTEMPTS = 10

/** Appends to a history that keeps its first attempt and the newest ones. */
export const remember = (history: Attempt[] | undefined, attempt: Attempt): Attempt[] => {
  if (history === undefined) return [attempt]
  if (history.length >= MAX_REMEMBERED_ATTEMPTS) history.splice(1, 1)
  history.push(attempt)
  return history
}
