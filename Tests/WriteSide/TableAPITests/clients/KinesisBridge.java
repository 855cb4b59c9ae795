import static java.util.concurrent.CompletableFuture.completedFuture;

import java.math.BigInteger;
import java.net.URI;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.cloudwatch.CloudWatchAsyncClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbAsyncClient;
import software.amazon.awssdk.services.dynamodb.model.DynamoDbException;
import software.amazon.awssdk.services.dynamodb.model.ExpiredIteratorException;
import software.amazon.awssdk.services.dynamodb.model.OperationType;
import software.amazon.awssdk.services.dynamodb.model.ShardFilterType;
import software.amazon.awssdk.services.dynamodb.model.StreamRecord;
import software.amazon.awssdk.services.dynamodb.streams.DynamoDbStreamsClient;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisServiceClientConfiguration;
import software.amazon.awssdk.services.kinesis.model.*;
import software.amazon.kinesis.common.ConfigsBuilder;
import software.amazon.kinesis.common.InitialPositionInStream;
import software.amazon.kinesis.common.InitialPositionInStreamExtended;
import software.amazon.kinesis.common.StreamIdentifier;
import software.amazon.kinesis.coordinator.Scheduler;
import software.amazon.kinesis.metrics.NullMetricsFactory;
import software.amazon.kinesis.processor.ShardRecordProcessorFactory;
import software.amazon.kinesis.processor.SingleStreamTracker;
import software.amazon.kinesis.retrieval.polling.PollingConfig;

/**
 * A DynamoDB stream in the terms of Kinesis: shards, iterators and records as they are, a record's data its id, kind, item and version (a removal's
 * is that of the item removed). It stands in for the library's adapter for DynamoDB Streams, and asks the server what the adapter asks.
 */
class KinesisBridge implements KinesisAsyncClient {
  final URI endpoint;
  final String table;
  final String arn;
  final int pageShards;
  final Consumer<String> failed;
  final DynamoDbStreamsClient streams;

  /** Lists `pageShards` shards with a request; `failed` is given the errors of the server. */
  KinesisBridge(URI endpoint, String table, String arn, int pageShards, Consumer<String> failed) {
    this.endpoint = endpoint;
    this.table = table;
    this.arn = arn;
    this.pageShards = pageShards;
    this.failed = failed;
    streams = DynamoDbStreamsClient.builder().endpointOverride(endpoint).region(Region.US_EAST_1).build();
  }

  /** A worker of the library, with short times so that it takes over so many milliseconds after another's last sign of life. */
  Scheduler worker(String name, DynamoDbAsyncClient leases, long failoverMillis, ShardRecordProcessorFactory processors) {
    // Never called: metrics go nowhere.
    CloudWatchAsyncClient metrics = CloudWatchAsyncClient.builder().endpointOverride(endpoint).region(Region.US_EAST_1).build();
    InitialPositionInStreamExtended start =
        InitialPositionInStreamExtended.newInitialPosition(InitialPositionInStream.TRIM_HORIZON);
    ConfigsBuilder configs = new ConfigsBuilder(
        new SingleStreamTracker(StreamIdentifier.singleStreamInstance(table), start),
        "consumer", this, leases, metrics, name, processors);
    var leasing = configs.leaseManagementConfig().failoverTimeMillis(failoverMillis).shardSyncIntervalMillis(1000)
        .leaseAssignmentIntervalMillis(1000L);
    leasing.workerUtilizationAwareAssignmentConfig().inMemoryWorkerMetricsCaptureFrequencyMillis(200)
        .workerMetricsReporterFreqInMillis(500);
    var polling = new PollingConfig(table, this).idleTimeBetweenReadsInMillis(200);
    return new Scheduler(
        configs.checkpointConfig(),
        configs.coordinatorConfig().parentShardPollIntervalMillis(200).shardConsumerDispatchPollIntervalMillis(100),
        leasing, configs.lifecycleConfig(), configs.metricsConfig().metricsFactory(new NullMetricsFactory()),
        configs.processorConfig(), configs.retrievalConfig().retrievalSpecificConfig(polling));
  }

  public String serviceName() {
    return "kinesis";
  }

  public void close() {}

  public KinesisServiceClientConfiguration serviceClientConfiguration() {
    return KinesisServiceClientConfiguration.builder().region(Region.US_EAST_1).build();
  }

  /** All shards, each with the part of the library's hash range that belongs to its line of descent. */
  List<Shard> shards() {
    List<software.amazon.awssdk.services.dynamodb.model.Shard> all = new ArrayList<>();
    String[] start = {null};
    do {
      var page = streams.describeStream(ask -> ask.streamArn(arn).exclusiveStartShardId(start[0]).limit(pageShards)).streamDescription();
      all.addAll(page.shards());
      start[0] = page.lastEvaluatedShardId();
    } while (start[0] != null);
    Map<String, Integer> lines = new HashMap<>();
    long count = all.stream().filter(shard -> shard.parentShardId() == null).count();
    BigInteger width = BigInteger.TWO.pow(128).divide(BigInteger.valueOf(count));
    List<Shard> shards = new ArrayList<>();
    for (var shard : all) {
      int line = shard.parentShardId() == null ? lines.size() : lines.get(shard.parentShardId());
      lines.put(shard.shardId(), line);
      BigInteger first = width.multiply(BigInteger.valueOf(line));
      BigInteger next = line == count - 1 ? BigInteger.TWO.pow(128) : first.add(width);
      var range = shard.sequenceNumberRange();
      shards.add(Shard.builder().shardId(shard.shardId()).parentShardId(shard.parentShardId())
          .hashKeyRange(keys -> keys.startingHashKey(first.toString()).endingHashKey(next.subtract(BigInteger.ONE).toString()))
          .sequenceNumberRange(numbers -> numbers.startingSequenceNumber(range.startingSequenceNumber())
              .endingSequenceNumber(range.endingSequenceNumber()))
          .build());
    }
    return shards;
  }

  List<ChildShard> children(String parent) {
    Set<String> children = streams.describeStream(request -> request.streamArn(arn)
            .shardFilter(filter -> filter.type(ShardFilterType.CHILD_SHARDS).shardId(parent)))
        .streamDescription().shards().stream().map(shard -> shard.shardId()).collect(Collectors.toSet());
    return shards().stream().filter(shard -> children.contains(shard.shardId()))
        .map(shard -> ChildShard.builder().shardId(shard.shardId())
            // Kinesis has only children when shards are split or merged; a line that goes on is to the library a merge with itself.
            .parentShards(parent, parent).hashKeyRange(shard.hashKeyRange()).build())
        .toList();
  }

  public CompletableFuture<ListShardsResponse> listShards(ListShardsRequest request) {
    return answer(() -> {
      var filter = request.shardFilter() == null ? null : request.shardFilter().typeAsString();
      List<Shard> shards = shards().stream().filter(shard ->
          "AT_TRIM_HORIZON".equals(filter) ? shard.parentShardId() == null
          : "AT_LATEST".equals(filter) ? shard.sequenceNumberRange().endingSequenceNumber() == null : true).toList();
      return ListShardsResponse.builder().shards(shards).build();
    });
  }

  public CompletableFuture<DescribeStreamSummaryResponse> describeStreamSummary(DescribeStreamSummaryRequest request) {
    return completedFuture(DescribeStreamSummaryResponse.builder()
        .streamDescriptionSummary(summary -> summary.streamName(table).streamARN(arn).streamStatus(StreamStatus.ACTIVE)).build());
  }

  public CompletableFuture<GetShardIteratorResponse> getShardIterator(GetShardIteratorRequest request) {
    return answer(() -> {
      String iterator = streams.getShardIterator(ask -> ask.streamArn(arn).shardId(request.shardId())
          .shardIteratorType(request.shardIteratorTypeAsString()).sequenceNumber(request.startingSequenceNumber())).shardIterator();
      return GetShardIteratorResponse.builder().shardIterator(request.shardId() + " " + iterator).build();
    });
  }

  public CompletableFuture<GetRecordsResponse> getRecords(GetRecordsRequest request) {
    return answer(() -> {
      String[] words = request.shardIterator().split(" ");
      var page = streams.getRecords(ask -> ask.shardIterator(words[1]).limit(1000));
      List<software.amazon.awssdk.services.kinesis.model.Record> records = page.records().stream().map(KinesisBridge::record).toList();
      var answer = GetRecordsResponse.builder().records(records).millisBehindLatest(0L);
      if (page.nextShardIterator() != null) return answer.nextShardIterator(words[0] + " " + page.nextShardIterator()).build();
      return answer.childShards(children(words[0])).build();
    });
  }

  static software.amazon.awssdk.services.kinesis.model.Record record(
      software.amazon.awssdk.services.dynamodb.model.Record record) {
    StreamRecord change = record.dynamodb();
    String item = change.keys().get("pk").s();
    String version = (record.eventName() == OperationType.REMOVE ? change.oldImage() : change.newImage()).get("version").n();
    String text = String.join(" ", record.eventID(), record.eventNameAsString(), item, version);
    return software.amazon.awssdk.services.kinesis.model.Record.builder().sequenceNumber(change.sequenceNumber())
        .partitionKey(item).approximateArrivalTimestamp(change.approximateCreationDateTime()).data(SdkBytes.fromUtf8String(text))
        .build();
  }

  <Answer> CompletableFuture<Answer> answer(Supplier<Answer> ask) {
    try {
      return completedFuture(ask.get());
    } catch (ExpiredIteratorException error) {
      return CompletableFuture.failedFuture(
          software.amazon.awssdk.services.kinesis.model.ExpiredIteratorException.builder().message(error.getMessage()).build());
    } catch (DynamoDbException error) {
      failed.accept(error.toString());
      return CompletableFuture.failedFuture(error);
    }
  }
}
