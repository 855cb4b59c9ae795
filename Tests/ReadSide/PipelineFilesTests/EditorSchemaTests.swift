import DynamoModel
import Foundation
import PipelineFiles
import Testing

/// The schema for editors has the keys of the grammar, each in its mapping.
@Suite struct EditorSchemaTests {
  private static func schema() throws -> Any {
    var writer = JSONWriter()
    EditorSchema.write(to: &writer)
    return try JSONSerialization.jsonObject(with: Data(writer.bytes))
  }

  /// By title, the keys of every mapping in a part of the schema.
  private static func keys(_ part: Any, _ found: inout [(title: String, keys: Set<String>, required: [String])]) {
    if let all = part as? [Any] { for one in all { keys(one, &found) } }
    guard let object = part as? [String: Any] else { return }
    if let title = object["title"] as? String, let properties = object["properties"] as? [String: Any] {
      found.append((title, Set(properties.keys), object["required"] as? [String] ?? []))
    }
    for one in object.values { keys(one, &found) }
  }

  @Test func `every key of the grammar stands in its mapping, and no other does`() throws {
    var found: [(title: String, keys: Set<String>, required: [String])] = []
    Self.keys(try Self.schema(), &found)
    // Of a projection the mapping is that of its kind, which the key that it must have names.
    let named = found.map { (name: $0.title == "a projection" ? $0.required.first ?? "" : $0.title, keys: $0.keys) }
    var grammar: [String: Set<String>] = [:]
    for key in GrammarKey.all { grammar[key.mapping, default: []].insert(key.key) }
    let shared = grammar.removeValue(forKey: "a projection") ?? []
    #expect(shared == ["about"])
    for (mapping, keys) in grammar {
      let own = named.filter { $0.name == mapping }
      #expect(!own.isEmpty, "\(mapping)")
      let all = own.reduce(into: Set<String>()) { $0.formUnion($1.keys) }
      #expect(all.subtracting(shared) == keys.subtracting(shared), "\(mapping)")
    }
    #expect(Set(named.map(\.name)) == Set(grammar.keys))
  }
}
