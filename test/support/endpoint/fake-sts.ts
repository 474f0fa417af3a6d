import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A call of AssumeRole, or a PutRecords. */
export interface SignedCall {
  readonly kind: 'AssumeRole' | 'PutRecords'
  /** The access key that signed it. */
  readonly accessKeyId: string | undefined
  readonly sessionToken: string | undefined
  readonly parameters: Readonly<Record<string, string>>
}

/** What STS answers: credentials that live this long, or an error. */
export type StsAnswer =
  | { readonly livesFor: number }
  | { readonly status: number; readonly code: string; readonly message: string }

/** STS and Kinesis behind one port: says who signed what. The nth credentials are ROLE1, ROLE2, ... */
export class FakeSts {
  readonly calls: SignedCall[] = []
  answer: StsAnswer = { livesFor: 3_600_000 }
  readonly #server: Server
  #assumed = 0

  constructor() {
    this.#server = createServer((request, response) => {
      void this.#serve(request).then(({ status, type, body }) =>
        response.writeHead(status, { 'content-type': type }).end(body),
      )
    })
  }

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    const address: AddressInfo | string | null = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('not listening')
    return `http://127.0.0.1:${address.port}`
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  /** Who signed the calls of a kind, in order. */
  signers(kind: SignedCall['kind']): (string | undefined)[] {
    return this.calls.filter(call => call.kind === kind).map(({ accessKeyId }) => accessKeyId)
  }

  async #serve(request: IncomingMessage): Promise<{ status: number; type: string; body: string }> {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(Buffer.from(part))
    const text = Buffer.concat(parts).toString('utf8')
    const target = String(request.headers['x-amz-target'])
    const isPut = target.endsWith('.PutRecords')
    this.calls.push({
      kind: isPut ? 'PutRecords' : 'AssumeRole',
      accessKeyId: /Credential=(\w+)\//.exec(request.headers.authorization ?? '')?.[1],
      sessionToken: request.headers['x-amz-security-token']?.toString(),
      parameters: isPut ? {} : Object.fromEntries(new URLSearchParams(text)),
    })
    if (!isPut) return this.#assume()
    const records: unknown = JSON.parse(text).Records
    const results = Array.isArray(records)
      ? records.map(() => ({ SequenceNumber: '1', ShardId: 'shardId-000000000000' }))
      : []
    return {
      status: 200,
      type: 'application/x-amz-json-1.1',
      body: JSON.stringify({ FailedRecordCount: 0, Records: results }),
    }
  }

  #assume(): { status: number; type: string; body: string } {
    const type = 'text/xml'
    if ('code' in this.answer) {
      const { status, code, message } = this.answer
      const body = `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`
      return { status, type, body }
    }
    const name = `ROLE${++this.#assumed}`
    const expiration = new Date(Date.now() + this.answer.livesFor).toISOString()
    const fields = `<AccessKeyId>${name}</AccessKeyId><SecretAccessKey>secret of ${name}</SecretAccessKey><SessionToken>token of ${name}</SessionToken><Expiration>${expiration}</Expiration>`
    return {
      status: 200,
      type,
      body: `<AssumeRoleResponse><AssumeRoleResult><Credentials>${fields}</Credentials></AssumeRoleResult></AssumeRoleResponse>`,
    }
  }
}
