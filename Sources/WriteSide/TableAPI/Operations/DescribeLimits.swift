internal import DynamoModel

/// The limits that AWS shows for a new account: nothing here is throttled by them.
enum DescribeLimits {
  static func run(_ call: Call) throws(DynamoError) -> Outcome {
    .answer(
      Outcome.object { writer in
        writer.member("AccountMaxReadCapacityUnits", 80_000)
        writer.member("AccountMaxWriteCapacityUnits", 80_000)
        writer.member("TableMaxReadCapacityUnits", 40_000)
        writer.member("TableMaxWriteCapacityUnits", 40_000)
      })
  }
}
