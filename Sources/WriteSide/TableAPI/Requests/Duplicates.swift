internal import DynamoModel

/// Keys that stand twice in a batch.
enum Duplicates {
  static func check(_ keys: [Item]) throws(DynamoError) {
    var seen = Set<[UInt8]>(minimumCapacity: keys.count)
    for key in keys where !seen.insert(key.binary).inserted {
      throw .validation("Provided list of item keys contains duplicates")
    }
  }

  /// A table named twice in the items of a batch: once by its name and once by its ARN.
  static func check(tables: [String]) throws(DynamoError) {
    guard let table = Text.firstRepeated(tables) else { return }
    throw .validation("RequestItems names the table \(table) more than once")
  }
}
