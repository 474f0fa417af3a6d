# An encrypted stream, a role for tasks on ECS that may send to it and nothing else, and an alarm.

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "stream_name" {
  type = string
}

variable "shards" {
  type        = number
  default     = 0
  description = "Shards of a provisioned stream; 0: the stream is on demand."
}

variable "discovers" {
  type        = bool
  default     = false
  description = "The producer uses packing kpl or maxRecordBytes 'discover'."
}

variable "groups_by_shard" {
  type        = bool
  default     = false
  description = "The producer uses groupBy 'shard'."
}

resource "aws_kms_key" "stream" {
  description         = "Kinesis stream ${var.stream_name}"
  enable_key_rotation = true
}

resource "aws_kinesis_stream" "this" {
  name            = var.stream_name
  shard_count     = var.shards > 0 ? var.shards : null
  encryption_type = "KMS"
  kms_key_id      = aws_kms_key.stream.arn

  stream_mode_details {
    stream_mode = var.shards > 0 ? "PROVISIONED" : "ON_DEMAND"
  }
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "send" {
  statement {
    sid = "Send"
    actions = concat(
      ["kinesis:PutRecords"],
      var.discovers ? ["kinesis:DescribeStreamSummary"] : [],
      var.groups_by_shard ? ["kinesis:ListShards"] : [],
    )
    resources = [aws_kinesis_stream.this.arn]
  }

  statement {
    sid       = "EncryptForTheStream"
    actions   = ["kms:GenerateDataKey"]
    resources = [aws_kms_key.stream.arn]
  }
}

resource "aws_iam_role" "sender" {
  name_prefix        = "${var.stream_name}-sender-"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy" "send" {
  name   = "send"
  role   = aws_iam_role.sender.id
  policy = data.aws_iam_policy_document.send.json
}

resource "aws_cloudwatch_metric_alarm" "throttled" {
  alarm_name          = "${var.stream_name}-throttled"
  alarm_description   = "Shards refuse records: docs/runbooks/KinesisProducerThrottled.md"
  namespace           = "AWS/Kinesis"
  metric_name         = "WriteProvisionedThroughputExceeded"
  dimensions          = { StreamName = aws_kinesis_stream.this.name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 3
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
}

output "sender_role_arn" {
  value = aws_iam_role.sender.arn
}
