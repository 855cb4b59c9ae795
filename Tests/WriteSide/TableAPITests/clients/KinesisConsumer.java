import static java.util.concurrent.CompletableFuture.completedFuture;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.math.BigInteger;
import java.net.URI;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.cloudwatch.CloudWatchAsyncClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbAsyncClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.DynamoDbException;
import software.amazon.awssdk.services.dynamodb.model.ExpiredIteratorException;
import software.amazon.awssdk.services.dynamodb.model.OperationType;
import software.amazon.awssdk.services.dynamodb.model.ReturnValue;
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
import software.amazon.kinesis.exceptions.InvalidStateException;
import software.amazon.kinesis.exceptions.ShutdownException;
import software.amazon.kinesis.lifecycle.events.*;
import software.amazon.kinesis.metrics.NullMetricsFactory;
import software.amazon.kinesis.processor.ShardRecordProcessor;
import software.amazon.kinesis.processor.SingleStreamTracker;
import software.amazon.kinesis.retrieval.KinesisClientRecord;
import software.amazon.kinesis.retrieval.polling.PollingConfig;

/**
 * The Kinesis Client Library 3, unmodified, on a table's stream and on lease tables of the same server: two workers share the
 * shards, one is cut off from its leases, a third comes, the one that leads is stopped; shards are closed and have children
 * meanwhile. Every change arrives, of each item in order, and no write that changes nothing.
 *
 * The library's adapter for DynamoDB Streams is not to be had without Maven; `Bridge` stands in for it, and asks the server what the
 * adapter asks.
 */
public class KinesisConsumer {
  static final String TABLE = "changes";
  static final int ITEMS = 60;
  static final Random random = new Random(7);
  static final Set<String> there = new HashSet<>();

  static URI endpoint;
  static DynamoDbClient tables;
  static DynamoDbStreamsClient streams;

  /** What arrived: of each item its versions in the order of their arrival, and all records' ids. */
  static final Map<String, List<Integer>> versions = new ConcurrentHashMap<>();
  static final Map<String, Integer> deliveries = new ConcurrentHashMap<>();
  static final Map<String, Set<String>> shardsOfWorkers = new ConcurrentHashMap<>();
  static final Set<String> endedShards = ConcurrentHashMap.newKeySet();
  static final ConcurrentLinkedQueue<String> failures = new ConcurrentLinkedQueue<>();

  public static void main(String[] arguments) throws Exception {
    ((Logger) LoggerFactory.getLogger("ROOT")).setLevel(Level.ERROR);
    endpoint = URI.create(arguments[0]);
    tables = DynamoDbClient.builder().endpointOverride(endpoint).region(Region.US_EAST_1).build();
    streams = DynamoDbStreamsClient.builder().endpointOverride(endpoint).region(Region.US_EAST_1).build();
    String arn = tables.describeTable(request -> request.tableName(TABLE)).table().latestStreamArn();

    Map<String, Integer> expected = new HashMap<>();
    int total = 0;
    Worker first = new Worker("first", arn);
    total += write(expected);
    until("the first worker has the shards", () -> shardsOfWorkers.containsKey("first"));
    Worker second = new Worker("second", arn);
    total += write(expected);
    until("the second one has some of them", () -> shardsOfWorkers.containsKey("second"));
    total += write(expected);
    arrived(total);
    second.crash();
    total += write(expected);
    arrived(total);
    Worker third = new Worker("third", arn);
    until("a third one has some of them", () -> shardsOfWorkers.containsKey("third"));
    first.stop();
    total += write(expected);
    arrived(total);
    until("closed shards were read to their ends", () -> endedShards.size() >= 4);
    third.stop();

    check(deliveries.size() == total, deliveries.size() + " records for " + total + " changes");
    expected.forEach((item, last) -> {
      List<Integer> seen = versions.getOrDefault(item, List.of());
      List<Integer> fresh = new ArrayList<>();
      for (int version : seen) if (!fresh.contains(version)) fresh.add(version);
      check(fresh.equals(range(last)), item + " arrived as " + seen + " and has " + last + " versions");
    });
    check(failures.isEmpty(), String.join("\n", failures));
    List<String> leases = tables.scanPaginator(request -> request.tableName("consumer")).items().stream()
        .filter(item -> item.containsKey("checkpoint")).map(item -> item.get("leaseKey").s()).toList();
    check(!leases.isEmpty(), "no leases");
    System.out.println("Kinesis Client Library ok: " + total + " changes, " + endedShards.size() + " closed shards, workers "
        + shardsOfWorkers);
    System.exit(0);
  }

  /** Puts, updates and deletions, each with another write after it that changes nothing. Returns the number of changes. */
  static int write(Map<String, Integer> expected) {
    int changes = 0;
    for (int step = 0; step < 2 * ITEMS; step++) {
      String item = "item-" + random.nextInt(ITEMS);
      if (there.contains(item) && random.nextInt(10) == 0) {
        Map<String, AttributeValue> key = Map.of("pk", AttributeValue.fromS(item));
        tables.deleteItem(request -> request.tableName(TABLE).key(key));
        tables.deleteItem(request -> request.tableName(TABLE).key(key));
        there.remove(item);
        changes += 1;
        continue;
      }
      there.add(item);
      int version = expected.merge(item, 1, Integer::sum);
      Map<String, AttributeValue> key = Map.of("pk", AttributeValue.fromS(item));
      AttributeValue number = AttributeValue.fromN(Integer.toString(version));
      Map<String, AttributeValue> whole = Map.of("pk", AttributeValue.fromS(item), "version", number);
      if (random.nextBoolean()) {
        tables.putItem(request -> request.tableName(TABLE).item(whole));
        tables.putItem(request -> request.tableName(TABLE).item(whole));
      } else {
        tables.updateItem(request -> request.tableName(TABLE).key(key).updateExpression("SET version = :v")
            .expressionAttributeValues(Map.of(":v", number)));
        tables.updateItem(request -> request.tableName(TABLE).key(key).updateExpression("SET version = :v REMOVE nothing")
            .expressionAttributeValues(Map.of(":v", number)).returnValues(ReturnValue.ALL_NEW));
      }
      changes += 1;
    }
    return changes;
  }

  static void arrived(int total) throws InterruptedException {
    until(total + " changes have arrived", () -> deliveries.size() >= total);
  }

  static List<Integer> range(int last) {
    List<Integer> numbers = new ArrayList<>();
    for (int number = 1; number <= last; number++) numbers.add(number);
    return numbers;
  }

  static void until(String what, BooleanSupplier holds) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(90);
    while (!holds.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        failures.forEach(System.out::println);
        System.out.println("waited in vain until " + what + ": " + deliveries.size() + " records, workers " + shardsOfWorkers
            + ", ended " + endedShards);
        System.exit(1);
      }
      Thread.sleep(50);
    }
  }

  static void check(boolean holds, String otherwise) {
    if (holds) return;
    System.out.println(otherwise);
    System.exit(1);
  }

  /** One worker of the library, with short times so that it takes over within seconds. */
  static class Worker {
    final Scheduler scheduler;
    final DynamoDbAsyncClient leases;
    final Thread thread;

    Worker(String name, String arn) {
      leases = DynamoDbAsyncClient.builder().endpointOverride(endpoint).region(Region.US_EAST_1).build();
      KinesisAsyncClient bridge = new Bridge(arn);
      // Never called: metrics go nowhere.
      CloudWatchAsyncClient metrics = CloudWatchAsyncClient.builder().endpointOverride(endpoint).region(Region.US_EAST_1).build();
      InitialPositionInStreamExtended start =
          InitialPositionInStreamExtended.newInitialPosition(InitialPositionInStream.TRIM_HORIZON);
      ConfigsBuilder configs = new ConfigsBuilder(
          new SingleStreamTracker(StreamIdentifier.singleStreamInstance(TABLE), start),
          "consumer", bridge, leases, metrics, name, () -> new Processor(name));
      var leasing = configs.leaseManagementConfig().failoverTimeMillis(3000).shardSyncIntervalMillis(1000)
          .leaseAssignmentIntervalMillis(1000L);
      leasing.workerUtilizationAwareAssignmentConfig().inMemoryWorkerMetricsCaptureFrequencyMillis(200)
          .workerMetricsReporterFreqInMillis(500);
      var polling = new PollingConfig(TABLE, bridge).idleTimeBetweenReadsInMillis(200);
      scheduler = new Scheduler(
          configs.checkpointConfig(),
          configs.coordinatorConfig().parentShardPollIntervalMillis(200).shardConsumerDispatchPollIntervalMillis(100),
          leasing, configs.lifecycleConfig(), configs.metricsConfig().metricsFactory(new NullMetricsFactory()),
          configs.processorConfig(), configs.retrievalConfig().retrievalSpecificConfig(polling));
      thread = new Thread(scheduler, name);
      thread.setDaemon(true);
      thread.start();
    }

    /** Leaves its leases as they are: its requests no longer reach the server. */
    void crash() {
      leases.close();
    }

    void stop() throws Exception {
      scheduler.startGracefulShutdown().get(60, TimeUnit.SECONDS);
    }
  }

  static class Processor implements ShardRecordProcessor {
    final String worker;
    String shard;

    Processor(String worker) {
      this.worker = worker;
    }

    public void initialize(InitializationInput input) {
      shard = input.shardId();
      shardsOfWorkers.computeIfAbsent(worker, name -> ConcurrentHashMap.newKeySet()).add(shard);
    }

    public void processRecords(ProcessRecordsInput input) {
      for (KinesisClientRecord record : input.records()) {
        String[] words = new String(bytes(record)).split(" ");
        deliveries.merge(words[0], 1, Integer::sum);
        if (words[1].equals("REMOVE")) continue;
        versions.computeIfAbsent(words[2], item -> new CopyOnWriteArrayList<>()).add(Integer.parseInt(words[3]));
      }
      if (input.records().isEmpty()) return;
      try {
        input.checkpointer().checkpoint();
      } catch (ShutdownException | InvalidStateException end) {
        // The lease went to another worker, which reads these records again.
      } catch (RuntimeException error) {
        if (!worker.equals("second")) failures.add(worker + " " + shard + ": " + error);
      }
    }

    private byte[] bytes(KinesisClientRecord record) {
      byte[] bytes = new byte[record.data().remaining()];
      record.data().get(bytes);
      return bytes;
    }

    public void leaseLost(LeaseLostInput input) {}

    public void shardEnded(ShardEndedInput input) {
      try {
        input.checkpointer().checkpoint();
        endedShards.add(shard);
      } catch (Exception error) {
        if (!worker.equals("second")) failures.add(worker + " " + shard + ": " + error);
      }
    }

    public void shutdownRequested(ShutdownRequestedInput input) {
      try {
        input.checkpointer().checkpoint();
      } catch (Exception error) {
        failures.add(worker + " " + shard + ": " + error);
      }
    }
  }

  /** A DynamoDB stream in the terms of Kinesis: shards, iterators and records as they are, a record's data its id, kind, item and version. */
  static class Bridge implements KinesisAsyncClient {
    final String arn;

    Bridge(String arn) {
      this.arn = arn;
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
        var page = streams.describeStream(ask -> ask.streamArn(arn).exclusiveStartShardId(start[0]).limit(3)).streamDescription();
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
          .streamDescriptionSummary(summary -> summary.streamName(TABLE).streamARN(arn).streamStatus(StreamStatus.ACTIVE)).build());
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
        List<software.amazon.awssdk.services.kinesis.model.Record> records = page.records().stream().map(Bridge::record).toList();
        var answer = GetRecordsResponse.builder().records(records).millisBehindLatest(0L);
        if (page.nextShardIterator() != null) return answer.nextShardIterator(words[0] + " " + page.nextShardIterator()).build();
        return answer.childShards(children(words[0])).build();
      });
    }

    static software.amazon.awssdk.services.kinesis.model.Record record(
        software.amazon.awssdk.services.dynamodb.model.Record record) {
      StreamRecord change = record.dynamodb();
      String item = change.keys().get("pk").s();
      String version = record.eventName() == OperationType.REMOVE ? "0" : change.newImage().get("version").n();
      String text = String.join(" ", record.eventID(), record.eventNameAsString(), item, version);
      return software.amazon.awssdk.services.kinesis.model.Record.builder().sequenceNumber(change.sequenceNumber())
          .partitionKey(item).approximateArrivalTimestamp(change.approximateCreationDateTime()).data(SdkBytes.fromUtf8String(text))
          .build();
    }

    static <Answer> CompletableFuture<Answer> answer(Supplier<Answer> ask) {
      try {
        return completedFuture(ask.get());
      } catch (ExpiredIteratorException error) {
        return CompletableFuture.failedFuture(
            software.amazon.awssdk.services.kinesis.model.ExpiredIteratorException.builder().message(error.getMessage()).build());
      } catch (DynamoDbException error) {
        failures.add(error.toString());
        return CompletableFuture.failedFuture(error);
      }
    }
  }
}
