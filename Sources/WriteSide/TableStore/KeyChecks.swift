internal import ChangeRecords
package import DynamoModel

/// Checks of keys and items against a table, with DynamoDB's texts.
extension TableHandle {
  package static let partitionKeyBytesMax = 2048
  package static let sortKeyBytesMax = 1024
  package static let itemBytesMax = 400 * 1024

  /// What the error says of a key that is not the table's.
  package static let keyMismatch = DynamoError.validation("The provided key element does not match the schema")

  /// The key of an item that is to be put. Throws for a missing, mistyped, empty or too long key attribute.
  package func key(ofPut item: Item) throws(DynamoError) -> Item {
    var key = Item()
    for attribute in definition.key.attributes {
      guard let value = item[attribute.name] else {
        throw .invalidParameter("Missing the key \(attribute.name) in the item")
      }
      guard attribute.type.accepts(value) else {
        throw .invalidParameter(
          "Type mismatch for key \(attribute.name) expected: \(attribute.type.rawValue) actual: \(value.typeName)")
      }
      key[attribute.name] = value
    }
    try StoredTable.checkSizes(of: key, definition.key)
    return key
  }

  /// Throws unless `key` holds exactly the table's key attributes, of the right types, not empty, not too long.
  package func check(key: Item) throws(DynamoError) { try stored.check(key: key) }

  /// Throws when a value that an update gives an attribute, whatever the item holds, cannot be that of an index key.
  package func checkIndexKey(_ name: String, updatedTo value: AttributeValue) throws(DynamoError) {
    try stored.checkIndexKey(name, updatedTo: value)
  }

  /// Throws when an item that is to be put has an index key attribute of a wrong type, empty, or too long.
  package func checkIndexKeys(ofPut item: Item) throws(DynamoError) { try stored.checkIndexKeys(of: item) }
}

extension StoredTable {
  /// Throws unless `key` holds exactly the table's key attributes, of the right types, not empty, not too long.
  func check(key: Item) throws(DynamoError) {
    let attributes = definition.key.attributes
    guard key.count == attributes.count,
      attributes.allSatisfy({ attribute in key[attribute.name].map(attribute.type.accepts) ?? false })
    else { throw TableHandle.keyMismatch }
    try StoredTable.checkSizes(of: key, definition.key)
  }

  static func checkSizes(of key: Item, _ schema: KeySchema) throws(DynamoError) {
    for attribute in schema.attributes {
      guard let value = key[attribute.name], attribute.type != .number else { continue }
      if value.isEmptyScalar { throw .emptyKey(attribute) }
      if let error = keyTooLong(value, isPartition: schema.partitions.contains(attribute)) { throw error }
    }
  }

  private static func keyTooLong(_ value: AttributeValue, isPartition: Bool) -> DynamoError? {
    if isPartition, value.size > TableHandle.partitionKeyBytesMax {
      return .invalidParameter("Size of hashkey has exceeded the maximum size limit of2048 bytes")
    }
    if !isPartition, value.size > TableHandle.sortKeyBytesMax {
      return .invalidParameter("Aggregated size of all range keys has exceeded the size limit of 1024 bytes")
    }
    return nil
  }

  /// Throws when an item has an index key attribute of a wrong type, empty, or too long.
  func checkIndexKeys(of item: Item) throws(DynamoError) {
    switch indexKeyFlaw(of: item, where: { _, _ in true }) {
    case .wrongType(let attribute, let value): throw wrongIndexKey(attribute, value)
    case .empty(let attribute, let index): throw .emptyIndexKey(attribute, index: index)
    case .tooLong(let error): throw error
    case nil: return
    }
  }

  /// The same of an item that an update made: what the update left as it was is not looked at.
  func checkIndexKeys(of item: Item, updated before: Item?) throws(DynamoError) {
    switch indexKeyFlaw(of: item, where: { attribute, value in value != before?[attribute.name] }) {
    case .wrongType: throw .validation("The update expression attempted to update the secondary index key to unsupported type")
    case .empty(let attribute, _): throw .emptyIndexKeyUpdate(attribute)
    case .tooLong:
      throw .validation("The update expression attempted to update the secondary index key beyond allowed size limits")
    case nil: return
    }
  }

  private enum IndexKeyFlaw {
    case wrongType(KeyAttribute, AttributeValue)
    case empty(KeyAttribute, index: String)
    /// With the error that a put of the item gets.
    case tooLong(DynamoError)
  }

  /// What is wrong with the first value that cannot be an index's key attribute, of those that are to be looked at.
  private func indexKeyFlaw(of item: Item, where isAsked: (KeyAttribute, AttributeValue) -> Bool) -> IndexKeyFlaw? {
    for index in definition.indexes {
      for attribute in index.key.attributes {
        guard let value = item[attribute.name], isAsked(attribute, value) else { continue }
        guard attribute.type.accepts(value) else { return .wrongType(attribute, value) }
        if value.isEmptyScalar { return .empty(attribute, index: index.name) }
        guard attribute.type != .number else { continue }
        if let error = StoredTable.keyTooLong(value, isPartition: index.key.partitions.contains(attribute)) {
          return .tooLong(error)
        }
      }
    }
    return nil
  }

  /// Throws when a value that an update gives an attribute, whatever the item holds, cannot be that of an index key.
  func checkIndexKey(_ name: String, updatedTo value: AttributeValue) throws(DynamoError) {
    for attribute in definition.indexes.lazy.flatMap(\.key.attributes) where Text.equal(attribute.name, name) {
      guard attribute.type.accepts(value) else { throw wrongIndexKey(attribute, value) }
      if value.isEmptyScalar { throw .emptyIndexKeyUpdate(attribute) }
    }
  }

  /// Names the first, by its name, of the indexes whose key the attribute belongs to.
  private func wrongIndexKey(_ attribute: KeyAttribute, _ value: AttributeValue) -> DynamoError {
    let names = definition.indexes.filter { $0.key.attributes.contains(attribute) }.map(\.name)
    return .invalidParameter(
      "Type mismatch for Index Key \(attribute.name) Expected: \(attribute.type.rawValue) Actual: \(value.typeName) "
        + "IndexName: \(names.min(by: Text.less) ?? "")")
  }

  /// The item's key in the items family, and the hash of its partition key.
  func itemKey(_ key: Item) -> (bytes: [UInt8], hash: UInt64) {
    guard let partition = key[definition.key.partition.name] else { preconditionFailure("the key passed the checks") }
    var (bytes, hash) = KeyBytes.partition(KeyBytes.table(id), [partition])
    if let sort = definition.key.sort, let value = key[sort.name] { KeyBytes.append(value, to: &bytes) }
    return (bytes, hash)
  }

  /// The item's key in an index; nil when it lacks one of the index's attributes, or has it with a value that no key may have, and so
  /// is not in it. An index that was made after the item may meet such values.
  func indexKey(_ index: IndexDefinition, of item: Item, itemKey: [UInt8]) -> [UInt8]? {
    guard let number = indexNumbers[index.name] else { return nil }
    var values: [AttributeValue] = []
    for attribute in index.key.attributes {
      guard let value = item[attribute.name], attribute.type.accepts(value), !value.isEmptyScalar,
        attribute.type == .number || StoredTable.keyTooLong(value, isPartition: values.count < index.key.partitions.count) == nil
      else { return nil }
      values.append(value)
    }
    let partitions = index.key.partitions.count
    var (bytes, _) = KeyBytes.partition(KeyBytes.index(id, number), values[..<partitions])
    for value in values[partitions...] { KeyBytes.append(value, to: &bytes) }
    bytes.append(contentsOf: itemKey[4...])
    return bytes
  }

  /// The entry that makes the item expire; nil when it never does: no attribute, not a Number, or more than 5 years before `now`
  /// (nil: of whatever age).
  func timeToLiveKey(of item: Item, itemKey: [UInt8], now: LogTime?) -> [UInt8]? {
    guard let name = definition.timeToLive, case .number(let number)? = item[name] else { return nil }
    let due = number.expiryMilliseconds
    guard due >= 0, now.map({ due > $0.rawValue - StoredTable.timeToLiveAgeMax }) ?? true else { return nil }
    var bytes = KeyBytes.index(id, KeyBytes.timeToLiveIndex)
    KeyBytes.append64(UInt64(due), to: &bytes)
    bytes.append(contentsOf: itemKey[4...])
    return bytes
  }

  /// Five years in milliseconds: an expiry time further back never expires an item.
  static let timeToLiveAgeMax: Int64 = 5 * 365 * 86_400_000

  /// The attributes of the old item that keeping the indexes needs.
  var indexedNames: [String] {
    definition.indexes.flatMap { $0.projected(in: definition) ?? $0.key.attributes.map(\.name) }
      + (definition.timeToLive.map { [$0] } ?? [])
  }
}
