import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.net.URI;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.DynamoDbAsyncClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ReturnValue;
import software.amazon.kinesis.coordinator.Scheduler;
import software.amazon.kinesis.exceptions.InvalidStateException;
import software.amazon.kinesis.exceptions.ShutdownException;
import software.amazon.kinesis.lifecycle.events.*;
import software.amazon.kinesis.processor.ShardRecordProcessor;
import software.amazon.kinesis.retrieval.KinesisClientRecord;

/**
 * The Kinesis Client Library 3, unmodified, on a table's stream and on lease tables of the same server: two workers share the
 * shards, one is cut off from its leases, a third comes, the one that leads is stopped; shards are closed and have children
 * meanwhile. Every change arrives, of each item in order, and no write that changes nothing.
 *
 * The library's adapter for DynamoDB Streams is not to be had without Maven; `KinesisBridge` stands in for it.
 */
public class KinesisConsumer {
  static final String TABLE = "changes";
  static final int ITEMS = 60;
  static final Random random = new Random(7);
  static final Set<String> there = new HashSet<>();

  static URI endpoint;
  static DynamoDbClient tables;

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
      scheduler = new KinesisBridge(endpoint, TABLE, arn, 3, failures::add).worker(name, leases, 3000, () -> new Processor(name));
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
}
