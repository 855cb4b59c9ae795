internal import DynamoModel

/// Where the next page of a SELECT begins, as text: the place among the partition keys that the statement names, the key of
/// the last item, and a checksum of the statement.
struct PageToken {
  let partition: Int
  let last: Item?

  init(partition: Int, last: Item?) {
    self.partition = partition
    self.last = last
  }

  private static func checksum(_ body: RequestBody) -> [UInt8] {
    let sum = Reply.checksum(Array(((body.text("Statement") ?? "") + (body.text("Parameters") ?? "")).utf8))
    return withUnsafeBytes(of: sum.bigEndian) { Array($0) }
  }

  func text(statement: RequestBody) -> String {
    let place = withUnsafeBytes(of: UInt32(partition).bigEndian) { Array($0) }
    return Base64.encode(PageToken.checksum(statement) + place + (last?.binary ?? []))
  }

  init(_ text: String, statement: RequestBody) throws(DynamoError) {
    guard let bytes = Base64.decode(Array(text.utf8)), bytes.count >= 8, Array(bytes[..<4]) == PageToken.checksum(statement)
    else {
      throw PageToken.invalid
    }
    partition = bytes[4..<8].reduce(0) { $0 << 8 | Int($1) }
    if bytes.count == 8 {
      last = nil
    } else {
      guard let item = Item(binary: Array(bytes[8...])) else { throw PageToken.invalid }
      last = item
    }
  }

  private static let invalid = DynamoError.validation("Given nextToken was not generated for this statement")
}
