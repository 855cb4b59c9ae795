import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;

/**
 * The owner of a secured broker, who gives and takes rights. BrokerOwner BOOTSTRAP CA; then on each line of its input one of
 *
 *   grant USER TYPE PATTERN NAME OPERATION
 *   revoke USER TYPE PATTERN NAME OPERATION
 *   topic NAME PARTITIONS [KEY=VALUE]...
 *   set TOPIC KEY VALUE
 *   lag GROUPS
 *
 * Each is answered with a line: done, or what was wrong. The last one, of groups whose names begin so: the lag of each partition, as Kafka's own tools
 * reckon it, in order; a partition without an offset has none.
 */
class BrokerOwner {
  public static void main(String[] arguments) throws Exception {
    Map<String, Object> settings = new HashMap<>();
    settings.put("bootstrap.servers", arguments[0]);
    settings.put("security.protocol", "SASL_SSL");
    settings.put("sasl.mechanism", "PLAIN");
    settings.put(
        "sasl.jaas.config",
        "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"afterimage\" password=\"afterimage-secret\";");
    settings.put("ssl.truststore.type", "PEM");
    settings.put("ssl.truststore.location", arguments[1]);
    BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
    try (Admin admin = Admin.create(settings)) {
      String line;
      while ((line = input.readLine()) != null) {
        String answer = "done";
        try {
          if (line.startsWith("lag ")) answer = lag(admin, line.split(" ")[1]);
          else perform(admin, line.split(" "));
        } catch (Exception failure) {
          answer = failure.toString();
        }
        System.out.println(answer);
      }
    }
  }

  private static void perform(Admin admin, String[] words) throws Exception {
    switch (words[0]) {
      case "grant" -> admin.createAcls(List.of(binding(words))).all().get();
      case "revoke" -> admin.deleteAcls(List.of(binding(words).toFilter())).all().get();
      case "topic" -> {
        Map<String, String> values = new HashMap<>();
        for (String text : Arrays.copyOfRange(words, 3, words.length)) {
          String[] parts = text.split("=", 2);
          values.put(parts[0], parts[1]);
        }
        admin.createTopics(List.of(new NewTopic(words[1], Integer.parseInt(words[2]), (short) 1).configs(values))).all().get();
      }
      case "set" ->
          admin.incrementalAlterConfigs(
                  Map.of(
                      new ConfigResource(ConfigResource.Type.TOPIC, words[1]),
                      List.of(new AlterConfigOp(new ConfigEntry(words[2], words[3]), AlterConfigOp.OpType.SET))))
              .all()
              .get();
      default -> throw new IllegalArgumentException(words[0]);
    }
  }

  private static String lag(Admin admin, String groups) throws Exception {
    StringBuilder lags = new StringBuilder("lag");
    for (GroupListing listing : admin.listGroups().all().get()) {
      if (!listing.groupId().startsWith(groups)) continue;
      Map<TopicPartition, OffsetAndMetadata> offsets =
          new TreeMap<>(Comparator.comparing(TopicPartition::toString));
      offsets.putAll(admin.listConsumerGroupOffsets(listing.groupId()).partitionsToOffsetAndMetadata().get());
      for (Map.Entry<TopicPartition, OffsetAndMetadata> entry : offsets.entrySet()) {
        long end = admin.listOffsets(Map.of(entry.getKey(), OffsetSpec.latest())).partitionResult(entry.getKey()).get().offset();
        lags.append(' ').append(end - entry.getValue().offset());
      }
    }
    return lags.toString();
  }

  private static AclBinding binding(String[] words) {
    return new AclBinding(
        new ResourcePattern(ResourceType.valueOf(words[2]), words[4], PatternType.valueOf(words[3])),
        new AccessControlEntry("User:" + words[1], "*", AclOperation.valueOf(words[5]), AclPermissionType.ALLOW));
  }
}
