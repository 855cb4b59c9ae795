import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.DynamoDbAsyncClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.streams.DynamoDbStreamsClient;
import software.amazon.kinesis.lifecycle.events.*;
import software.amazon.kinesis.processor.ShardRecordProcessor;
import software.amazon.kinesis.retrieval.KinesisClientRecord;

/**
 * A stream under load: threads that write many items, and workers of the Kinesis Client Library in processes of their own, of which one is killed.
 * Each worker leaves in a file what it was given and what it checkpointed, in order and before it goes on; the test reads the files.
 *
 * As arguments the server's address, a folder, how many workers, and for how many seconds to write. A worker is this program again.
 */
public class KinesisLoad {
  static final String TABLE = "changes";
  static final int WRITERS = 4;
  static final int ITEMS_PER_WRITER = 500;
  /** Pauses between the writes of one writer. It writes no more than a debug build can serve, so that readers keep up. */
  static final long PAUSE_MILLIS = 5;
  static final long FAILOVER_MILLIS = 5000;

  public static void main(String[] arguments) throws Exception {
    ((Logger) LoggerFactory.getLogger("ROOT")).setLevel(Level.ERROR);
    URI endpoint = URI.create(arguments[0]);
    Path folder = Path.of(arguments[1]);
    DynamoDbClient tables = DynamoDbClient.builder().endpointOverride(endpoint).region(Region.US_EAST_1).build();
    String arn = tables.describeTable(request -> request.tableName(TABLE)).table().latestStreamArn();
    if (arguments.length == 3) {
      work(endpoint, folder, arn, arguments[2]);
    } else {
      DynamoDbStreamsClient streams = DynamoDbStreamsClient.builder().endpointOverride(endpoint).region(Region.US_EAST_1).build();
      int shards = streams.describeStream(request -> request.streamArn(arn)).streamDescription().shards().size();
      drive(arguments[0], folder, tables, shards, Integer.parseInt(arguments[2]), Integer.parseInt(arguments[3]));
    }
    System.exit(0);
  }

  // MARK: The writers, and the kill

  static void drive(String endpoint, Path folder, DynamoDbClient tables, int shards, int count, int seconds) throws Exception {
    Map<String, Process> workers = new TreeMap<>();
    for (int number = 0; number < count; number++) workers.put("worker-" + number, start(endpoint, folder, "worker-" + number));
    Runtime.getRuntime().addShutdownHook(new Thread(() -> workers.values().forEach(Process::destroyForcibly)));
    until("workers have all shards", () -> held(folder, workers.keySet()) >= shards);
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    List<Writer> writers = new ArrayList<>();
    for (int number = 0; number < WRITERS; number++) writers.add(new Writer(tables, number, end));
    for (Writer writer : writers) writer.start();
    Thread.sleep(TimeUnit.SECONDS.toMillis(seconds) / 2);
    until("workers have shards", () -> held(folder, workers.keySet()) > 0);
    kill(folder, workers);
    Map<String, Integer> written = new HashMap<>();
    for (Writer writer : writers) {
      writer.join();
      if (writer.failure != null) throw writer.failure;
      written.putAll(writer.written);
    }
    int total = written.values().stream().mapToInt(Integer::intValue).sum();
    StringBuilder lines = new StringBuilder();
    written.forEach((item, last) -> lines.append(item).append(' ').append(last).append('\n'));
    Files.writeString(folder.resolve("written"), lines);
    long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(300);
    int arrived = 0;
    while (arrived < total && System.nanoTime() < limit) {
      Thread.sleep(1000);
      Set<String> changes = new HashSet<>();
      for (String[] line : lines(folder, workers.keySet())) if (line[1].equals("record")) changes.add(line[4] + " " + line[5]);
      arrived = changes.size();
    }
    System.out.println(total + " changes written, " + arrived + " arrived, "
        + TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - end) + " s after the last write");
    for (var worker : workers.entrySet()) {
      worker.getValue().destroyForcibly().waitFor();
      System.out.print(Files.readString(folder.resolve(worker.getKey() + ".log")));
    }
  }

  static Process start(String endpoint, Path folder, String name) throws IOException {
    return new ProcessBuilder(
            "java", "-Xmx256m", "-cp", System.getProperty("java.class.path"), "KinesisLoad", endpoint, folder.toString(), name)
        .redirectErrorStream(true).redirectOutput(folder.resolve(name + ".log").toFile()).start();
  }

  /** What holds within five minutes, which is looked at now and then. */
  static void until(String what, Callable<Boolean> holds) throws Exception {
    long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(300);
    while (!holds.call()) {
      if (System.nanoTime() > limit) throw new IllegalStateException("waited in vain until " + what);
      Thread.sleep(500);
    }
  }

  /** The shards that each worker has: those that no other was given since, and that it has not read to their ends. */
  static Map<String, Set<String>> shards(Path folder, Set<String> workers) throws IOException {
    Map<String, Set<String>> shards = new HashMap<>();
    for (String name : workers) shards.put(name, new HashSet<>());
    List<String[]> lines = lines(folder, workers);
    lines.sort(Comparator.comparingLong(line -> Long.parseLong(line[0])));
    for (String[] line : lines) {
      if (line[1].equals("start")) {
        for (Set<String> some : shards.values()) some.remove(line[2]);
        shards.get(line[6]).add(line[2]);
      }
      if (line[1].equals("ending") || line[1].equals("lost")) shards.get(line[6]).remove(line[2]);
    }
    return shards;
  }

  /** How many shards workers have. */
  static long held(Path folder, Set<String> workers) throws IOException {
    return shards(folder, workers).values().stream().flatMap(Set::stream).distinct().count();
  }

  /** Kills the worker that has the most shards with SIGKILL, and notes what it had. */
  static void kill(Path folder, Map<String, Process> workers) throws Exception {
    long time = System.nanoTime();
    Map<String, Set<String>> shards = shards(folder, workers.keySet());
    String victim = shards.keySet().stream().max((a, b) -> shards.get(a).size() - shards.get(b).size()).get();
    Process process = workers.get(victim);
    process.destroyForcibly().waitFor();
    Files.writeString(folder.resolve("killed"), time + " " + victim + " " + String.join(" ", shards.get(victim)));
  }

  /** The whole lines of the workers' files: the time, what, its shard, sequence number, item and version, and the worker. */
  static List<String[]> lines(Path folder, Set<String> workers) throws IOException {
    List<String[]> all = new ArrayList<>();
    for (String worker : workers) {
      Path file = folder.resolve(worker);
      if (!Files.exists(file)) continue;
      String text = Files.readString(file);
      for (String line : text.substring(0, text.lastIndexOf('\n') + 1).split("\n")) {
        if (!line.isEmpty()) all.add((line + " " + worker).split(" "));
      }
    }
    return all;
  }

  /** Puts and deletes items of its own, each change with the next number of its item. */
  static class Writer extends Thread {
    final DynamoDbClient tables;
    final int number;
    final long end;
    final Map<String, Integer> written = new HashMap<>();
    final Set<String> there = new HashSet<>();
    Exception failure;

    Writer(DynamoDbClient tables, int number, long end) {
      this.tables = tables;
      this.number = number;
      this.end = end;
    }

    public void run() {
      Random random = new Random(number);
      try {
        while (System.nanoTime() < end) {
          String item = "item-" + number + "-" + random.nextInt(ITEMS_PER_WRITER);
          int version = written.merge(item, 1, Integer::sum);
          if (there.contains(item) && random.nextInt(10) == 0) {
            tables.deleteItem(request -> request.tableName(TABLE).key(Map.of("pk", AttributeValue.fromS(item))));
            there.remove(item);
          } else {
            tables.putItem(request -> request.tableName(TABLE).item(Map.of(
                "pk", AttributeValue.fromS(item), "version", AttributeValue.fromN(Integer.toString(version)))));
            there.add(item);
          }
          Thread.sleep(PAUSE_MILLIS);
        }
      } catch (Exception error) {
        failure = error;
      }
    }
  }

  // MARK: A worker

  static void work(URI endpoint, Path folder, String arn, String name) throws Exception {
    Notes notes = new Notes(folder.resolve(name));
    DynamoDbAsyncClient leases = DynamoDbAsyncClient.builder().endpointOverride(endpoint).region(Region.US_EAST_1).build();
    var bridge = new KinesisBridge(endpoint, TABLE, arn, 100, error -> System.out.println(name + ": " + error));
    Thread worker = new Thread(bridge.worker(name, leases, FAILOVER_MILLIS, () -> new Processor(notes, name)), name);
    worker.setDaemon(true);
    worker.start();
    // Until whoever started it has ended, whichever way.
    while (System.in.read() >= 0) {}
  }

  /** Lines in a file, which are in the kernel's hands when a call returns: they outlive the process that is killed. */
  static class Notes {
    private final FileOutputStream file;

    Notes(Path path) throws IOException {
      file = new FileOutputStream(path.toFile());
    }

    synchronized void add(List<String> lines) {
      StringBuilder text = new StringBuilder();
      for (String line : lines) text.append(System.nanoTime()).append(' ').append(line).append('\n');
      try {
        file.write(text.toString().getBytes(StandardCharsets.UTF_8));
      } catch (IOException error) {
        throw new UncheckedIOException(error);
      }
    }

    /** What happened to a shard, with a sequence number, an item and a version, or `-` for each. */
    void add(String what, String shard, String sequence) {
      add(List.of(String.join(" ", what, shard, sequence, "-", "-")));
    }
  }

  static class Processor implements ShardRecordProcessor {
    final Notes notes;
    final String worker;
    String shard;

    Processor(Notes notes, String worker) {
      this.notes = notes;
      this.worker = worker;
    }

    public void initialize(InitializationInput input) {
      shard = input.shardId();
      notes.add("start", shard, input.extendedSequenceNumber().sequenceNumber());
    }

    public void processRecords(ProcessRecordsInput input) {
      if (input.records().isEmpty()) return;
      List<String> lines = new ArrayList<>();
      String last = "-";
      for (KinesisClientRecord record : input.records()) {
        byte[] bytes = new byte[record.data().remaining()];
        record.data().get(bytes);
        String[] words = new String(bytes, StandardCharsets.UTF_8).split(" ");
        // A removal is the change after the one that it removes.
        int version = Integer.parseInt(words[3]) + (words[1].equals("REMOVE") ? 1 : 0);
        last = record.sequenceNumber();
        lines.add(String.join(" ", "record", shard, last, words[2], Integer.toString(version)));
      }
      notes.add(lines);
      try {
        input.checkpointer().checkpoint();
        notes.add("checkpoint", shard, last);
      } catch (Exception error) {
        // The lease went to another worker, which is given these records again.
        notes.add("unconfirmed", shard, last);
      }
    }

    public void leaseLost(LeaseLostInput input) {
      notes.add("lost", shard, "-");
    }

    public void shardEnded(ShardEndedInput input) {
      // Killed after the checkpoint, it leaves nothing to be taken over.
      notes.add("ending", shard, "-");
      try {
        input.checkpointer().checkpoint();
        notes.add("ended", shard, "-");
      } catch (Exception error) {
        System.out.println(worker + " " + shard + ": " + error);
      }
    }

    public void shutdownRequested(ShutdownRequestedInput input) {}
  }
}
