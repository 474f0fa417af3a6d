import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib'
import { Alarm, ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch'
import { type IGrantable, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Stream, StreamEncryption, StreamMode } from 'aws-cdk-lib/aws-kinesis'
import { Key } from 'aws-cdk-lib/aws-kms'
import type { Construct } from 'constructs'

export interface KinesisProducerStackProps extends StackProps {
  /** Shards of a provisioned stream; left out, the stream is on demand. */
  readonly shards?: number
  /** The producer uses `packing: { kind: 'kpl' }` or `maxRecordBytes: 'discover'`. */
  readonly discovers?: boolean
  /** The producer uses `groupBy: 'shard'`. */
  readonly groupsByShard?: boolean
}

/** An encrypted stream, a role for tasks on ECS that may send to it and nothing else, and an alarm. */
export class KinesisProducerStack extends Stack {
  readonly stream: Stream
  readonly sender: Role
  readonly #key: Key

  constructor(scope: Construct, id: string, props: KinesisProducerStackProps = {}) {
    super(scope, id, props)
    this.#key = new Key(this, 'Key', { enableKeyRotation: true })
    this.stream = new Stream(this, 'Stream', {
      encryption: StreamEncryption.KMS,
      encryptionKey: this.#key,
      ...(props.shards === undefined
        ? { streamMode: StreamMode.ON_DEMAND }
        : { streamMode: StreamMode.PROVISIONED, shardCount: props.shards }),
    })
    this.sender = new Role(this, 'Sender', {
      assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com'),
    })
    const actions = [
      'kinesis:PutRecords',
      ...(props.discovers ? ['kinesis:DescribeStreamSummary'] : []),
      ...(props.groupsByShard ? ['kinesis:ListShards'] : []),
    ]
    this.#allow(this.sender, actions)
    new Alarm(this, 'Throttled', {
      alarmDescription: 'Shards refuse records: docs/runbooks/KinesisProducerThrottled.md',
      metric: this.stream.metricWriteProvisionedThroughputExceeded({
        period: Duration.minutes(5),
        statistic: 'Sum',
      }),
      threshold: 0,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: 3,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    })
    new CfnOutput(this, 'StreamName', { value: this.stream.streamName })
  }

  /** Not `stream.grantWrite`, which allows more than is needed. */
  #allow(to: IGrantable, actions: string[]): void {
    const statements = [
      new PolicyStatement({ actions, resources: [this.stream.streamArn] }),
      new PolicyStatement({ actions: ['kms:GenerateDataKey'], resources: [this.#key.keyArn] }),
    ]
    for (const statement of statements) to.grantPrincipal.addToPrincipalPolicy(statement)
  }
}
