internal import DynamoModel

/// The limits that AWS shows for a new account: nothing here is throttled by them.
enum DescribeLimits {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    .answer(
      Outcome.object { writer in
        writer.name("AccountMaxReadCapacityUnits")
        writer.integer(80_000)
        writer.name("AccountMaxWriteCapacityUnits")
        writer.integer(80_000)
        writer.name("TableMaxReadCapacityUnits")
        writer.integer(40_000)
        writer.name("TableMaxWriteCapacityUnits")
        writer.integer(40_000)
      })
  }
}
