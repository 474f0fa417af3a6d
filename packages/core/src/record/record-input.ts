/**
 * What the data of a record may be given as: text, which is sent as UTF-8, or bytes in any form the
 * platform has. Bytes are copied before the call returns.
 */
export type RecordInput = string | ArrayBufferView | ArrayBuffer | SharedArrayBuffer
