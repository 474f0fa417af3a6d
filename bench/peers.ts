import { Peers } from './install-peers.js'

/** Producers of others that still run. They come with the AWS SDK of the past. */
export const peers: Peers = new Peers('peers', {
  'aws-kinesis-writable': '4.3.0',
  'lifion-kinesis': '1.3.3',
  'aws-kinesis-agg': '4.2.7',
  'aws-sdk': '2.1693.0',
})
