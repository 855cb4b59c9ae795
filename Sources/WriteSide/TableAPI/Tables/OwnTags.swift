internal import DynamoModel
internal import TableStore

/// The tags that say something to this server, rather than to the people who label their tables.
enum OwnTags {
  static let prefix = "afterimage:"
  /// The number of partitions of the change log: of CreateTable only.
  static let partitions = "afterimage:partitions"
  /// Attributes that no record shows, with commas between them.
  static let privateAttributes = "afterimage:private"
  /// `history` makes each write bring its time: of CreateTable only.
  static let clock = "afterimage:clock"
  /// Kept beside the tags, never shown as one: DeletionProtectionEnabled.
  static let deletionProtection = "afterimage:deletion-protection"

  static let tagsMax = 50

  static func partitions(_ tags: [TableDefinition.Tag], default number: Int) throws(DynamoError) -> Int {
    guard let text = value(partitions, tags) else { return number }
    guard let given = Int(text), (1...TableDefinition.partitionsMax).contains(given) else {
      throw .invalidParameter("The tag \(partitions) must be a number from 1 to \(TableDefinition.partitionsMax): \(text)")
    }
    return given
  }

  static func clock(_ tags: [TableDefinition.Tag]) throws(DynamoError) -> TableClock {
    guard let text = value(clock, tags) else { return .live }
    guard let clock = TableClock(rawValue: text) else {
      throw .invalidParameter("The tag \(clock) must be live or history: \(text)")
    }
    return clock
  }

  static func privateAttributes(_ tags: [TableDefinition.Tag], _ key: KeySchema) throws(DynamoError) -> [String] {
    let names = (value(privateAttributes, tags) ?? "").split(separator: ",").map { name in
      String(name.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
    for name in names where key.attributes.contains(where: { Text.equal($0.name, name) }) {
      throw .invalidParameter("The tag \(privateAttributes) names \(name), a key attribute: keys are in every record")
    }
    return names.filter { !$0.isEmpty }
  }

  static func value(_ key: String, _ tags: [TableDefinition.Tag]) -> String? { tags.last { $0.key == key }?.value }

  /// Tags as their owner sees them.
  static func shown(_ tags: [TableDefinition.Tag]) -> [TableDefinition.Tag] { tags.filter { $0.key != deletionProtection } }

  static func isProtected(_ definition: TableDefinition) -> Bool { definition.tags.contains { $0.key == deletionProtection } }

  static func protect(_ definition: inout TableDefinition, _ isProtected: Bool) {
    definition.tags.removeAll { $0.key == deletionProtection }
    if isProtected { definition.tags.append(.init(key: deletionProtection, value: "true")) }
  }

  /// Whether it has only characters that the keys and values of tags may have.
  private static func isText(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { scalar in
      switch scalar.properties.generalCategory {
      case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber, .letterNumber,
        .otherNumber, .spaceSeparator, .lineSeparator, .paragraphSeparator:
        true
      default: "+-=._:/@".unicodeScalars.contains(scalar)
      }
    }
  }

  /// Reads a list of Key and Value.
  static func read(_ body: RequestBody, _ constraints: inout Constraints) throws(DynamoError) -> [TableDefinition.Tag] {
    var tags: [TableDefinition.Tag] = []
    for (place, tag) in (try body.objects("Tags") ?? []).enumerated() {
      let key = try tag.string("Key")
      let value = try tag.string("Value")
      constraints.required(key != nil, at: "tags.\(place + 1).member.key")
      constraints.required(value != nil, at: "tags.\(place + 1).member.value")
      constraints.length(key, .tagKeyString, at: "tags.\(place + 1).member.key")
      constraints.length(value, .tagValueString, at: "tags.\(place + 1).member.value")
      if let key, let value { tags.append(.init(key: key, value: value)) }
    }
    for tag in tags {
      if tag.key == deletionProtection {
        throw .invalidParameter("The tag \(deletionProtection) is the server's own: use DeletionProtectionEnabled")
      }
      if tag.key.utf8.starts(with: "aws:".utf8) {
        throw .invalidParameter("Tag keys that begin with aws: are reserved for system use: \(tag.key)")
      }
      if !tag.key.utf8.starts(with: prefix.utf8), let text = [tag.key, tag.value].first(where: { !isText($0) }) {
        throw .invalidParameter("A tag has characters that are not letters, digits, blanks or one of + - = . _ : / @: \(text)")
      }
    }
    if let key = Text.firstRepeated(tags.map(\.key)) { throw .invalidParameter("Duplicate Tag Key: \(key)") }
    guard tags.count <= tagsMax else { throw .invalidParameter("Too many tags: at most \(tagsMax) per table") }
    return tags
  }
}
