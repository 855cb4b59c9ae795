internal import DynamoModel
internal import Foundation
internal import YAML

/// Why a file of keys cannot be used; never shows a secret.
package struct AccessFileError: Error, Sendable, CustomStringConvertible {
  package let description: String
}

/// The file that names who may do what:
///
///     keys:
///       - id: AKIDREADER
///         secret: "..."
///         session-token: "..."      # only for temporary credentials
///         allow:
///           - tables: ["chat-*"]
///             access: [read, write, admin]
enum AccessFile {
  static func keys(path: String) throws(AccessFileError) -> [AccessKey] {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw AccessFileError(description: "\(path): the file of keys cannot be read")
    }
    do throws(YAMLError) {
      return try keys(try YAML.parse(Array(data)))
    } catch {
      throw AccessFileError(description: "\(path):\(error.mark.line):\(error.mark.column): \(error.message)")
    }
  }

  private static func keys(_ root: YAMLNode) throws(YAMLError) -> [AccessKey] {
    try check(root, ["keys"])
    guard let list = root["keys"]?.sequence, !list.isEmpty else {
      throw YAMLError("keys must be a list of at least one key", at: root.mark)
    }
    var keys: [AccessKey] = []
    for node in list {
      let key = try key(node)
      guard !keys.contains(where: { Text.equal($0.id, key.id) }) else {
        throw YAMLError("the key \(key.id) is in the file twice", at: node.mark)
      }
      keys.append(key)
    }
    return keys
  }

  private static func key(_ node: YAMLNode) throws(YAMLError) -> AccessKey {
    try check(node, ["id", "secret", "session-token", "allow"])
    let id = try text(node, "id")
    let secret = try text(node, "secret")
    let token = node["session-token"] == nil ? nil : try text(node, "session-token")
    guard let allowed = node["allow"]?.sequence else { throw YAMLError("allow must be a list of rules", at: node.mark) }
    var rules: [AccessKey.Rule] = []
    for rule in allowed {
      try check(rule, ["tables", "access"])
      let tables = try texts(rule, "tables")
      var kinds: Set<AccessKind> = []
      for name in try texts(rule, "access") {
        guard let kind = AccessKind(rawValue: name) else {
          throw YAMLError("\(name) is not a kind of access; there are read, write, admin", at: rule.mark)
        }
        kinds.insert(kind)
      }
      rules.append(AccessKey.Rule(tables: tables, kinds: kinds))
    }
    return AccessKey(id: id, secret: secret, sessionToken: token, rules: rules)
  }

  private static func check(_ node: YAMLNode, _ known: [String]) throws(YAMLError) {
    guard let entries = node.mapping else {
      throw YAMLError("expected a mapping with \(known.joined(separator: ", "))", at: node.mark)
    }
    for entry in entries where !known.contains(entry.key.text) {
      throw YAMLError("\(entry.key.text) is not known here: \(known.joined(separator: ", ")) are", at: entry.key.mark)
    }
  }

  private static func text(_ node: YAMLNode, _ name: String) throws(YAMLError) -> String {
    guard let scalar = node[name]?.scalar, !scalar.text.isEmpty else { throw YAMLError("\(name) must be a text", at: node.mark) }
    return scalar.text
  }

  private static func texts(_ node: YAMLNode, _ name: String) throws(YAMLError) -> [String] {
    guard let list = node[name]?.sequence else { throw YAMLError("\(name) must be a list", at: node.mark) }
    var texts: [String] = []
    for element in list {
      guard let scalar = element.scalar, !scalar.text.isEmpty else {
        throw YAMLError("\(name) must hold texts", at: element.mark)
      }
      texts.append(scalar.text)
    }
    return texts
  }
}
