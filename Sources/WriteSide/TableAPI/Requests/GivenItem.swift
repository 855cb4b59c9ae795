internal import DynamoModel

/// An item or a key of a request as it is read, with expressions beside it: one that is nested too deep is refused after what is wrong
/// with them, one that is wrong otherwise before.
struct GivenItem {
  private let result: Result<Item, DynamoError>

  init(_ tape: JSONTape, _ node: Int, _ form: ExpressionForm) throws(DynamoError) {
    do throws(DynamoError) {
      result = .success(try form.wordedValues { () throws(DynamoError) in try Item(json: tape, node) })
    } catch {
      guard error == .nestingTooDeep else { throw error }
      result = .failure(error)
    }
  }

  /// A member; empty without it.
  init(_ body: RequestBody, _ member: StaticString, _ form: ExpressionForm) throws(DynamoError) {
    self = if let node = body.member(member) { try GivenItem(body.tape, node, form) } else { GivenItem(Item()) }
  }

  private init(_ item: Item) { result = .success(item) }

  /// In bytes; 0 of one that is nested too deep.
  var size: Int { (try? result.get().size) ?? 0 }

  func get() throws(DynamoError) -> Item { try result.get() }
}
