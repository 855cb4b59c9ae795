import Foundation
import Testing

/// What a query reads decides what its answer says: positions and time of the tables that feed it, and a plan.
@Suite(.serialized, .timeLimit(.minutes(2))) struct QueryReadsTests {
  static let pipeline = """
    pipeline: shops
    tables:
      Shops: { key: { partition: PK string } }
      Sales: { key: { partition: PK string, sort: SK string } }
    items:
      shop: { in: Shops, match: { PK: "{shop}" }, fields: { town: Town optional } }
      sale: { in: Sales, match: { PK: "{shop}", SK: "{n}" }, fields: { price: Price integer optional } }
    projections:
      shops: { collection: shop, key: [shop], columns: [town] }
      sales: { collection: sale, key: [shop, n], columns: [price] }
      totals: { aggregate: [shop], of: sale, columns: { sales: count } }
    queries:
      towns: { sql: "SELECT shop, town FROM shops ORDER BY shop" }
      sales_of: { params: { shop: string }, sql: "SELECT sales, :now AS asked FROM totals WHERE shop = :shop" }
      both: { sql: "SELECT s.town, t.sales FROM shops s JOIN totals t ON t.shop = s.shop" }
      at_price: { params: { price: integer }, sql: SELECT shop FROM sales WHERE price = :price }
      clock: { sql: "SELECT :now AS now" }
      waited: { params: { at_least: string optional }, sql: "SELECT :at_least AS v" }

    """

  private struct Answer: Decodable {
    let rows: [[Cell]]
    let position: [String: [String]]
    let time: String?

    enum Cell: Decodable, Equatable {
      case text(String)
      case other

      init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        self = (try? container.decode(String.self)).map { .text($0) } ?? .other
      }
    }
  }

  private struct Scene {
    let folder: TestFolder
    let server: DevProcess

    init() async throws {
      folder = try TestFolder()
      try folder.write("shops/pipeline.yaml", QueryReadsTests.pipeline)
      server = try await DevProcess.start(
        data: folder.file("data"), pipelines: [folder.file("shops")], ["--history", "Shops", "--history", "Sales"])
    }

    /// Writes an item at a time; its position.
    func put(_ table: String, at time: String, _ words: String...) async throws -> String {
      let outcome = try await Program.run(
        Program.path, ["table", "put", table, "--time", time, "--endpoint", server.tables] + words)
      #expect(outcome.status == 0, "\(outcome)")
      return outcome.output.split(separator: " ").last.map { $0.trimmingCharacters(in: .newlines) } ?? ""
    }

    func query(_ words: String...) async throws -> Program.Outcome {
      try await Program.run(Program.path, ["query", "shops"] + words + ["-o", "json", "--server", server.page])
    }

    func answer(_ words: String...) async throws -> Answer {
      let outcome = try await Program.run(Program.path, ["query", "shops"] + words + ["-o", "json", "--server", server.page])
      #expect(outcome.status == 0, "\(outcome)")
      return try JSONDecoder().decode(Answer.self, from: Data(outcome.output.utf8))
    }

    func explain(_ words: String...) async throws -> Program.Outcome {
      try await Program.run(Program.path, ["pipeline", "explain"] + words + ["--server", server.page])
    }
  }

  @Test func `an answer has the positions and the time of the tables that its SQL reads`() async throws {
    let scene = try await Scene()
    let shop = try await scene.put("Shops", at: "2026-01-01T10:00:00Z", "PK=a", "Town=Lund")
    let sale = try await scene.put("Sales", at: "2026-01-01T12:00:00Z", "PK=a", "SK=1", "Price:N=5")
    let towns = try await scene.answer("towns", "--at-least", shop)
    #expect(towns.position == ["Shops": [shop]] && towns.rows == [[.text("a"), .text("Lund")]])
    #expect(towns.time?.hasPrefix("2026-01-01T10:00:00") == true, "\(towns)")
    let sales = try await scene.answer("sales_of", "--param", "shop=a", "--at-least", sale)
    #expect(sales.position == ["Sales": [sale]] && sales.time?.hasPrefix("2026-01-01T12:00:00") == true, "\(sales)")
    // `:now` is the time that the answer says.
    #expect(sales.rows.first?.last == .text(sales.time ?? ""))
    let both = try await scene.answer("both", "--at-least", "\(shop),\(sale)")
    #expect(
      both.position == ["Shops": [shop], "Sales": [sale]] && both.time?.hasPrefix("2026-01-01T10:00:00") == true, "\(both)")
    // What reads no table is true for all.
    #expect(try await scene.answer("clock").position.count == 2)
    // Who declares what every request may say is given it.
    #expect(try await scene.answer("waited", "--at-least", "\(shop),\(sale)").rows == [[.text("\(shop),\(sale)")]])
    #expect(try await scene.answer("waited").rows == [[.other]])
    #expect(await scene.server.stop() == 0)
  }

  @Test func `a write is seen by those who read its table, and the others do not wait for it`() async throws {
    let scene = try await Scene()
    let shop = try await scene.put("Shops", at: "2026-01-01T10:00:00Z", "PK=a", "Town=Lund")
    let sale = try await scene.put("Sales", at: "2026-01-01T12:00:00Z", "PK=a", "SK=1")
    let parts = sale.split(separator: ":")
    let future = "\(parts[0]):\(parts[1]):999"
    // The record does not exist yet: who reads its table waits in vain, who does not read it is answered at once.
    let waiting = try await scene.query("sales_of", "--param", "shop=a", "--at-least", future)
    #expect(waiting.status == 1 && waiting.errors.contains("has not reached"), "\(waiting)")
    #expect(try await scene.answer("towns", "--at-least", "\(future),\(shop)").position == ["Shops": [shop]])
    for number in 2...20 {
      let position = try await scene.put("Sales", at: "2026-01-01T12:00:\(number + 10)Z", "PK=a", "SK=\(number)")
      let answer = try await scene.answer("sales_of", "--param", "shop=a", "--at-least", position)
      #expect(answer.position == ["Sales": [position]], "\(answer)")
    }
    #expect(await scene.server.stop() == 0)
  }

  @Test func `a query is explained, with a hint where it reads many rows`() async throws {
    let scene = try await Scene()
    let shop = try await scene.put("Shops", at: "2026-01-01T10:00:00Z", "PK=a", "Town=Lund")
    _ = try await scene.answer("towns", "--at-least", shop)
    let small = try await scene.explain("shops", "at_price")
    #expect(small.status == 0 && small.output.contains("SCAN sales"), "\(small)")
    #expect(small.output.contains("sales, 0 rows") && small.output.contains("nothing reads many rows"), "\(small)")
    let lines = (0...10_000).map { "2026-01-01T10:00:00Z\t\($0)\n" }.joined()
    let file = try scene.folder.write("sales.tsv", "time\tn\n" + lines)
    let imported = try await Program.run(
      Program.path,
      [
        "table", "import", "Sales", file, "--history", "time", "--set", "PK=a", "--set", "SK={n}", "--endpoint",
        scene.server.tables,
      ])
    #expect(imported.status == 0, "\(imported)")
    var found = try await scene.explain("shops", "at_price")
    let end = ContinuousClock.now + .seconds(60)
    while !found.output.contains("sales, 10001 rows"), ContinuousClock.now < end {
      try await Task.sleep(for: .milliseconds(100))
      found = try await scene.explain("shops", "at_price")
    }
    #expect(found.output.contains("hint: `sales` is read from the first row to the last, 10,001 rows"), "\(found)")
    #expect(found.output.contains("`order: { by_price: [price] }` in `sales`"), "\(found)")
    let searched = try await scene.explain("shops", "sales_of", "-o", "json")
    #expect(searched.output.contains(#""access":"search""#) && searched.output.contains(#""hints":[]"#), "\(searched)")
    let unknown = try await scene.explain("shops", "at_prize")
    #expect(
      unknown.status == 1 && unknown.errors.contains("there is no query `at_prize`; there are: towns, sales_of"), "\(unknown)")
    let nowhere = try await scene.explain("shop", "towns")
    #expect(nowhere.status == 1 && nowhere.errors.contains("there is no pipeline `shop`; there are: shops"), "\(nowhere)")
    #expect(await scene.server.stop() == 0)
  }
}
