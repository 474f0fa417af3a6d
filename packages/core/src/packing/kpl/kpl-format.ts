/**
 * The KPL's aggregated record: magic, a protobuf message, and the message's MD5. The message:
 *
 *     AggregatedRecord { repeated string partition_key_table = 1;
 *                        repeated string explicit_hash_key_table = 2;
 *                        repeated Record records = 3; }
 *     Record { required uint64 partition_key_index = 1;
 *              optional uint64 explicit_hash_key_index = 2;
 *              required bytes data = 3; repeated Tag tags = 4; }
 */

export const KPL_MAGIC: Uint8Array = Uint8Array.of(0xf3, 0x89, 0x9a, 0xc2)
export const KPL_DIGEST_BYTES = 16

export const hasKplMagic = (data: Uint8Array): boolean =>
  KPL_MAGIC.every((byte, i) => data[i] === byte)

/** Tags of the fields: number << 3, plus 2 for bytes of a length. */
export const KPL_TAG = {
  partitionKey: 0x0a,
  explicitHashKey: 0x12,
  record: 0x1a,
  partitionKeyIndex: 0x08,
  explicitHashKeyIndex: 0x10,
  data: 0x1a,
} as const
