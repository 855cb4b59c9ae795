internal import Crypto
internal import Pipelines
internal import YAML

/// SHA-256 over what decides the rows. The text's layout, comments, and everything named `about` leave it as it is; the order of a
/// mapping's keys does not, since columns stand in it.
struct Fingerprints {
  /// Changes when the same file comes to mean something else: then every generation is another one.
  private static let grammar = "afterimage pipeline 2"

  /// The same for histories alone: a list that was rewritten has had rows of its elements since the second.
  private static let histories = "history 2"

  let whole: String
  /// Over the effects alone: they decide no row.
  let effects: String
  private let shared: [UInt8]
  private let parameters: [PipelineParameter]
  private let seasons: YAMLNode?
  /// The names of aggregates that effects wait for: their changes are handed to the decider, from the log's start on.
  private let watched: Set<String>

  /// A parameter counts, with its value in force, where a text names it.
  init(_ root: YAMLNode, _ parameters: [PipelineParameter]) {
    self.parameters = parameters
    func append(_ node: YAMLNode, to bytes: inout [UInt8]) { Fingerprints.append(node, parameters, to: &bytes) }
    var bytes = Array(Fingerprints.grammar.utf8)
    for table in root["tables"]?.mapping ?? [] {
      Fingerprints.append(table.key.text, to: &bytes)
      for key in ["key", "private", "partitions"] {
        Fingerprints.append(key, to: &bytes)
        if let node = table.value[key] { append(node, to: &bytes) }
      }
    }
    if let items = root["items"] { append(items, to: &bytes) }
    seasons = root["seasons"]
    watched = Set((root["effects"]?.mapping ?? []).compactMap { $0.value["each"]?.scalar?.text })
    if root["items"]?.namesSeasons == true, let seasons { append(seasons, to: &bytes) }
    shared = bytes
    for projection in root["projections"]?.mapping ?? [] {
      Fingerprints.append(projection, parameters, seasons: seasons, watched: watched, to: &bytes)
    }
    whole = Fingerprints.digest(bytes)
    var effects: [UInt8] = []
    if let node = root["effects"] { append(node, to: &effects) }
    self.effects = Fingerprints.digest(effects)
  }

  func projection(_ entry: YAMLNode.Entry) -> String {
    var bytes = shared
    Fingerprints.append(entry, parameters, seasons: seasons, watched: watched, to: &bytes)
    return Fingerprints.digest(bytes)
  }

  private static func append(
    _ projection: YAMLNode.Entry, _ parameters: [PipelineParameter], seasons: YAMLNode?, watched: Set<String>,
    to bytes: inout [UInt8]
  ) {
    append(projection.key.text, to: &bytes)
    append(projection.value, parameters, to: &bytes)
    if projection.value["history"] != nil { append(histories, to: &bytes) }
    if projection.value["aggregate"] != nil, watched.contains(projection.key.text) { append("watched", to: &bytes) }
    if let seasons, projection.value.namesSeasons { append(seasons, parameters, to: &bytes) }
  }

  private static func append(_ text: String, to bytes: inout [UInt8]) {
    bytes.append(contentsOf: "\(text.utf8.count):".utf8)
    bytes.append(contentsOf: text.utf8)
  }

  private static func append(_ node: YAMLNode, _ parameters: [PipelineParameter], to bytes: inout [UInt8]) {
    switch node.content {
    case .scalar(let scalar):
      bytes.append(UInt8(ascii: "s"))
      append(scalar.text, to: &bytes)
      for name in FileParameters.names(in: scalar.text) {
        guard let parameter = parameters.first(where: { $0.name == name }) else { continue }
        bytes.append(UInt8(ascii: "$"))
        for text in [name, parameter.kind.rawValue, parameter.value] { append(text, to: &bytes) }
      }
    case .sequence(let nodes):
      bytes.append(UInt8(ascii: "["))
      for node in nodes { append(node, parameters, to: &bytes) }
      bytes.append(UInt8(ascii: "]"))
    case .mapping(let entries):
      bytes.append(UInt8(ascii: "{"))
      for entry in entries where entry.key.text != "about" {
        append(entry.key.text, to: &bytes)
        append(entry.value, parameters, to: &bytes)
      }
      bytes.append(UInt8(ascii: "}"))
    }
  }

  private static func digest(_ bytes: [UInt8]) -> String { Hashing.hexadecimal(Hashing.sha256(bytes)) }
}

extension YAMLNode {
  /// Whether a text within has the word `season`: then it may speak of those of the file.
  var namesSeasons: Bool {
    switch content {
    case .scalar(let scalar): scalar.text.contains("season")
    case .sequence(let nodes): nodes.contains(where: \.namesSeasons)
    case .mapping(let entries): entries.contains { $0.value.namesSeasons }
    }
  }
}
