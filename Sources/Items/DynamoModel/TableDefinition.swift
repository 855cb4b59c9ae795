/// A key attribute's type: only these three can be keys.
package enum KeyType: String, Sendable, CaseIterable {
  case string = "S"
  case number = "N"
  case binary = "B"

  package func accepts(_ value: AttributeValue) -> Bool { value.typeName == rawValue }
}

/// One attribute of a key.
package struct KeyAttribute: Sendable, Equatable {
  package let name: String
  package let type: KeyType

  package init(name: String, type: KeyType) {
    self.name = name
    self.type = type
  }
}

/// The key of a table or index: partition (HASH) attributes and perhaps sort (RANGE) attributes. Only a global index may have
/// more than one of each.
package struct KeySchema: Sendable, Equatable {
  /// Never empty.
  package let partitions: [KeyAttribute]
  package let sorts: [KeyAttribute]

  /// Attributes of each role that a global index may have.
  package static let attributesMax = 4

  /// A key of one partition attribute and at most one sort attribute: any table's.
  package init(partition: KeyAttribute, sort: KeyAttribute? = nil) {
    self.init(partitions: [partition], sorts: sort.map { [$0] } ?? [])
  }

  /// `partitions` must not be empty.
  package init(partitions: [KeyAttribute], sorts: [KeyAttribute]) {
    self.partitions = partitions
    self.sorts = sorts
  }

  /// The first, and of a table the only, partition attribute.
  package var partition: KeyAttribute { partitions[0] }
  /// The first, and of a table the only, sort attribute.
  package var sort: KeyAttribute? { sorts.first }

  package var attributes: [KeyAttribute] { partitions + sorts }

  /// The key's attributes of an item; nil when one is missing or of another type (such an item is not in the index).
  package func key(of item: Item) -> Item? {
    var key = Item()
    for attribute in attributes {
      guard let value = item[attribute.name], attribute.type.accepts(value) else { return nil }
      key[attribute.name] = value
    }
    return key
  }
}

/// Which attributes an index carries beside the keys.
package enum IndexProjection: Sendable, Equatable {
  case all
  case keysOnly
  case include([String])
}

/// A secondary index.
package struct IndexDefinition: Sendable, Equatable {
  package enum Kind: String, Sendable { case global, local }
  package enum Status: String, Sendable {
    case creating = "CREATING"
    case active = "ACTIVE"
    /// Shown only: a change of its capacity is done at once.
    case updating = "UPDATING"
    /// Shown only: it goes at once.
    case deleting = "DELETING"
  }

  package var name: String
  package var kind: Kind
  package var key: KeySchema
  package var projection: IndexProjection
  package var status: Status
  /// Capacity of a global index as the client gave it; nil when its table bills by request.
  package var throughput: TableDefinition.Throughput?
  /// Of a global index: the limits and history of its capacity, contributor insights.
  package var options = TableOptions()

  package init(
    name: String, kind: Kind, key: KeySchema, projection: IndexProjection, status: Status = .active,
    throughput: TableDefinition.Throughput? = nil
  ) {
    self.throughput = throughput
    self.name = name
    self.kind = kind
    self.key = key
    self.projection = projection
    self.status = status
  }
}

/// What the Streams API shows of a table's records. The change log keeps both images whatever this says.
package enum StreamViewType: String, Sendable, CaseIterable {
  case keysOnly = "KEYS_ONLY"
  case newImage = "NEW_IMAGE"
  case oldImage = "OLD_IMAGE"
  case newAndOldImages = "NEW_AND_OLD_IMAGES"
}

/// A table as its clients define it.
package struct TableDefinition: Sendable, Equatable {
  package var name: String
  package var key: KeySchema
  package var indexes: [IndexDefinition]
  /// Nil while the stream is disabled.
  package var stream: StreamViewType?
  /// The attribute that holds the expiry time in epoch seconds; nil while TTL is disabled.
  package var timeToLive: String?
  /// Attributes that no reader of the change log but the Streams API sees.
  package var privateAttributes: [String]
  /// The number of partitions of the change log: fixed for the table's life.
  package var partitions: Int
  /// Capacity as the client gave it; nil for PAY_PER_REQUEST.
  package var throughput: Throughput?
  package var tags: [Tag]
  package var options = TableOptions()

  package struct Throughput: Sendable, Equatable {
    package var read: Int
    package var write: Int

    package init(read: Int, write: Int) {
      self.read = read
      self.write = write
    }
  }

  package struct Tag: Sendable, Equatable {
    package let key: String
    package let value: String

    package init(key: String, value: String) {
      self.key = key
      self.value = value
    }
  }

  package static let partitionsMax = 256

  package init(
    name: String, key: KeySchema, indexes: [IndexDefinition] = [], stream: StreamViewType? = nil, timeToLive: String? = nil,
    privateAttributes: [String] = [], partitions: Int = 1, throughput: Throughput? = nil, tags: [Tag] = []
  ) {
    self.name = name
    self.key = key
    self.indexes = indexes
    self.stream = stream
    self.timeToLive = timeToLive
    self.privateAttributes = privateAttributes
    self.partitions = partitions
    self.throughput = throughput
    self.tags = tags
  }

  package func index(named name: String) -> IndexDefinition? { indexes.first { Text.equal($0.name, name) } }

  /// Every attribute that a key of the table or of an index names, each once.
  package var keyAttributes: [KeyAttribute] {
    var all: [KeyAttribute] = []
    for attribute in key.attributes + indexes.flatMap(\.key.attributes) where !all.contains(attribute) { all.append(attribute) }
    return all
  }
}
