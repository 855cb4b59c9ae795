import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.net.URI;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.enhanced.dynamodb.*;
import software.amazon.awssdk.enhanced.dynamodb.mapper.annotations.*;
import software.amazon.awssdk.enhanced.dynamodb.extensions.annotations.DynamoDbVersionAttribute;
import software.amazon.awssdk.enhanced.dynamodb.model.*;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.ProjectionType;
import software.amazon.awssdk.services.dynamodb.model.ResourceNotFoundException;
import software.amazon.awssdk.services.dynamodb.model.TransactionCanceledException;

/** AWS's SDK for Java with its Enhanced Client, unmodified: mapped items with versions, an index, batches, transactions, pages. */
public class EnhancedClient {
  @DynamoDbBean
  public static class Player {
    private String game;
    private String name;
    private Integer points;
    private List<String> medals;
    private Long version;

    @DynamoDbPartitionKey
    @DynamoDbSecondaryPartitionKey(indexNames = "by-points")
    public String getGame() { return game; }
    public void setGame(String game) { this.game = game; }

    @DynamoDbSortKey
    public String getName() { return name; }
    public void setName(String name) { this.name = name; }

    @DynamoDbSecondarySortKey(indexNames = "by-points")
    public Integer getPoints() { return points; }
    public void setPoints(Integer points) { this.points = points; }

    public List<String> getMedals() { return medals; }
    public void setMedals(List<String> medals) { this.medals = medals; }

    @DynamoDbVersionAttribute
    public Long getVersion() { return version; }
    public void setVersion(Long version) { this.version = version; }

    static Player of(String game, String name, int points) {
      Player player = new Player();
      player.game = game;
      player.name = name;
      player.points = points;
      player.medals = List.of("first", "äöü €");
      return player;
    }
  }

  static void check(boolean holds, String what) {
    if (!holds) throw new AssertionError(what);
  }

  public static void main(String[] arguments) {
    ((Logger) LoggerFactory.getLogger("ROOT")).setLevel(Level.ERROR);
    DynamoDbClient client =
        DynamoDbClient.builder().endpointOverride(URI.create(arguments[0])).region(Region.US_EAST_1).build();
    DynamoDbEnhancedClient enhanced = DynamoDbEnhancedClient.builder().dynamoDbClient(client).build();
    DynamoDbTable<Player> table = enhanced.table("players", TableSchema.fromBean(Player.class));
    table.createTable(request -> request.globalSecondaryIndices(
        index -> index.indexName("by-points").projection(projection -> projection.projectionType(ProjectionType.ALL))));
    client.waiter().waitUntilTableExists(request -> request.tableName("players"));

    table.putItem(Player.of("chess", "ana", 10));
    Player ana = table.getItem(Key.builder().partitionValue("chess").sortValue("ana").build());
    check(ana.getVersion() == 1 && ana.getMedals().get(1).equals("äöü €"), "the item as it was put");
    Player stale = table.getItem(ana);
    ana.setPoints(20);
    check(table.updateItem(ana).getVersion() == 2, "the second version");
    try {
      stale.setPoints(5);
      table.updateItem(stale);
      throw new AssertionError("a stale version was written");
    } catch (ConditionalCheckFailedException expected) {
      check(expected.getMessage().startsWith("The conditional request failed"), expected.getMessage());
    }

    // A batch has no conditions, so it is written without versions.
    DynamoDbEnhancedClient plain = DynamoDbEnhancedClient.builder().dynamoDbClient(client).extensions(List.of()).build();
    DynamoDbTable<Player> unversioned = plain.table("players", TableSchema.fromBean(Player.class));
    for (int start = 0; start < 100; start += 25) {
      var batch = WriteBatch.builder(Player.class).mappedTableResource(unversioned);
      for (int number = start; number < start + 25; number++) {
        batch.addPutItem(Player.of("go", String.format("p%03d", number), 1000 - number));
      }
      check(plain.batchWriteItem(request -> request.addWriteBatch(batch.build())).unprocessedPutItemsForTable(unversioned).isEmpty(),
          "nothing left of a batch");
    }
    var pages = table.query(QueryEnhancedRequest.builder().limit(7)
        .queryConditional(QueryConditional.sortBetween(
            Key.builder().partitionValue("go").sortValue("p010").build(), Key.builder().partitionValue("go").sortValue("p059").build()))
        .filterExpression(Expression.builder().expression("points <> :p")
            .putExpressionValue(":p", AttributeValue.fromN("980")).build()).build());
    check(pages.stream().count() >= 8, "pages");
    check(pages.items().stream().map(Player::getName).toList().equals(
            IntStream.rangeClosed(10, 59).filter(number -> number != 20).mapToObj(number -> String.format("p%03d", number)).toList()),
        "the players between");
    var leaders = table.index("by-points").query(request -> request.scanIndexForward(false).limit(3)
        .queryConditional(QueryConditional.keyEqualTo(key -> key.partitionValue("go")))).stream().findFirst().get().items();
    check(leaders.stream().map(Player::getName).collect(Collectors.joining(",")).equals("p000,p001,p002"), "the index");
    check(table.scan().items().stream().count() == 101, "a scan");

    Player ben = Player.of("chess", "ben", 1);
    enhanced.transactWriteItems(request -> request.addPutItem(table, ben)
        .addConditionCheck(table, ConditionCheck.builder().key(key -> key.partitionValue("chess").sortValue("ana"))
            .conditionExpression(Expression.builder().expression("points = :p")
                .putExpressionValue(":p", AttributeValue.fromN("20")).build()).build()));
    try {
      enhanced.transactWriteItems(request -> request.addPutItem(table, Player.of("chess", "cai", 1))
          .addPutItem(table, ben));
      throw new AssertionError("a transaction with a stale version went through");
    } catch (TransactionCanceledException expected) {
      check(expected.cancellationReasons().stream().map(reason -> reason.code()).toList()
          .equals(List.of("None", "ConditionalCheckFailed")), expected.toString());
    }
    check(table.getItem(Player.of("chess", "cai", 1)) == null, "nothing of the transaction is left");
    check(table.deleteItem(Player.of("chess", "ben", 0)).getPoints() == 1, "what was deleted");

    table.deleteTable();
    client.waiter().waitUntilTableNotExists(request -> request.tableName("players"));
    try {
      table.scan().items().stream().count();
      throw new AssertionError("a deleted table answers");
    } catch (ResourceNotFoundException expected) {
      check(expected.awsErrorDetails().errorMessage().equals("Requested resource not found"), expected.getMessage());
    }
    System.out.println("Enhanced Client ok");
    System.exit(0);
  }
}
