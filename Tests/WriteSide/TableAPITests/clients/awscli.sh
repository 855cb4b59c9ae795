#!/bin/sh
# The aws command line, unmodified.
set -eu
export AWS_PAGER= AWS_DEFAULT_OUTPUT=text
cli=$1
endpoint=$2
aws() { "$cli" --endpoint-url "$endpoint" "$@"; }
aws dynamodb create-table --table-name Cli --billing-mode PAY_PER_REQUEST \
  --attribute-definitions AttributeName=pk,AttributeType=S --key-schema AttributeName=pk,KeyType=HASH \
  --stream-specification StreamEnabled=true,StreamViewType=NEW_AND_OLD_IMAGES >/dev/null
aws dynamodb wait table-exists --table-name Cli
aws dynamodb put-item --table-name Cli --item '{"pk":{"S":"a"},"n":{"N":"1"}}'
aws dynamodb update-item --table-name Cli --key '{"pk":{"S":"a"}}' --update-expression 'SET n = n + :one' \
  --expression-attribute-values '{":one":{"N":"1"}}' >/dev/null
test "$(aws dynamodb get-item --table-name Cli --key '{"pk":{"S":"a"}}' --query Item.n.N)" = 2
test "$(aws dynamodb execute-statement --statement 'SELECT n FROM Cli' --query 'Items[0].n.N')" = 2
arn=$(aws dynamodbstreams list-streams --table-name Cli --query 'Streams[0].StreamArn')
shard=$(aws dynamodbstreams describe-stream --stream-arn "$arn" --query 'StreamDescription.Shards[0].ShardId')
iterator=$(aws dynamodbstreams get-shard-iterator --stream-arn "$arn" --shard-id "$shard" --shard-iterator-type TRIM_HORIZON \
  --query ShardIterator)
test "$(aws dynamodbstreams get-records --shard-iterator "$iterator" --query 'length(Records)')" = 2
test "$(aws dynamodb scan --table-name Cli --select COUNT --query Count)" = 1
if aws dynamodb get-item --table-name Missing --key '{"pk":{"S":"a"}}' 2>error.txt; then exit 1; fi
grep -q ResourceNotFoundException error.txt
aws dynamodb delete-table --table-name Cli >/dev/null
aws dynamodb wait table-not-exists --table-name Cli
echo "aws cli ok"
