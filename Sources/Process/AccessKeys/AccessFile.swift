internal import Foundation
internal import YAML

/// Why a file of keys cannot be used; never shows a secret or a token.
package struct AccessFileError: Error, Sendable, CustomStringConvertible {
  package let description: String
}

/// The file that names who may do what:
///
///     keys:
///       - id: AKIDREADER
///         secret: "..."             # signs requests to the table API
///         session-token: "..."      # only for temporary credentials
///         allow:
///           - tables: ["chat-*"]
///             access: [read, write, admin]
///       - id: dashboards
///         token: "..."              # is sent to the query API and the page
///         allow:
///           - pipelines: ["chat-*"]
///             access: [query, operate]
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

  static func keys(_ root: YAMLNode) throws(YAMLError) -> [AccessKey] {
    try check(root, ["keys"])
    guard let list = root["keys"]?.sequence, !list.isEmpty else {
      throw YAMLError("keys must be a list of at least one key", at: root.mark)
    }
    var keys: [AccessKey] = []
    for node in list {
      let key = try key(node)
      guard !keys.contains(where: { $0.id.utf8.elementsEqual(key.id.utf8) }) else {
        throw YAMLError("the key \(key.id) is in the file twice", at: node.mark)
      }
      if let token = key.token, let other = keys.first(where: { $0.token?.isSame(token) ?? false }) {
        throw YAMLError(
          "the token of \(key.id) is that of \(other.id): each key needs a token of its own", at: mark(node["token"], node))
      }
      keys.append(key)
    }
    return keys
  }

  private static func key(_ node: YAMLNode) throws(YAMLError) -> AccessKey {
    try check(node, ["id", "secret", "session-token", "token", "allow"])
    let id = try text(node, "id")
    guard node["secret"] != nil || node["token"] != nil else {
      throw YAMLError("a key needs a secret, for tables, or a token, for pipelines", at: node.mark)
    }
    let secret = node["secret"] == nil ? nil : try text(node, "secret")
    let sessionToken = node["session-token"] == nil ? nil : try text(node, "session-token")
    guard sessionToken == nil || secret != nil else {
      throw YAMLError("session-token goes with a secret", at: mark(node["session-token"], node))
    }
    let token = node["token"] == nil ? nil : try token(node)
    guard let allowed = node["allow"]?.sequence else {
      throw YAMLError("allow must be a list of rules", at: mark(node["allow"], node))
    }
    var tables: [AccessKey.Rule<AccessKind>] = []
    var pipelines: [AccessKey.Rule<PipelineAccess>] = []
    for node in allowed {
      try check(node, ["tables", "pipelines", "access"])
      switch (node["tables"], node["pipelines"]) {
      case (nil, nil): throw YAMLError("a rule names tables or pipelines", at: node.mark)
      case (_?, let other?): throw YAMLError("a rule is for tables or for pipelines: write two", at: other.mark)
      case (let names?, nil):
        guard secret != nil else {
          throw YAMLError("the rule needs a secret of the key \(id): requests about tables are signed", at: names.mark)
        }
        tables.append(try rule(node, "tables"))
      case (nil, let names?):
        guard token != nil else {
          throw YAMLError("the rule needs a token of the key \(id): requests about pipelines bring it", at: names.mark)
        }
        pipelines.append(try rule(node, "pipelines"))
      }
    }
    return AccessKey(
      id: id, secret: secret, sessionToken: sessionToken, token: token.map { TokenDigest($0) }, tables: tables,
      pipelines: pipelines)
  }

  private static func rule<Kind: CaseIterable & RawRepresentable<String> & Hashable & Sendable>(
    _ node: YAMLNode, _ names: String
  ) throws(YAMLError) -> AccessKey.Rule<Kind> {
    var kinds: Set<Kind> = []
    for word in try texts(node, "access") {
      guard let kind = Kind(rawValue: word.text) else {
        let known = Kind.allCases.map(\.rawValue).joined(separator: ", ")
        throw YAMLError("\(word.text) is not a kind of access to \(names); there are \(known)", at: word.mark)
      }
      kinds.insert(kind)
    }
    return AccessKey.Rule(names: try texts(node, names).map(\.text), kinds: kinds)
  }

  private static func token(_ node: YAMLNode) throws(YAMLError) -> String {
    let text = try text(node, "token")
    let place = mark(node["token"], node)
    guard TokenDigest.isToken(text) else {
      throw YAMLError("token must consist of letters, digits and -._~+/, perhaps with = at its end", at: place)
    }
    let (least, most) = (TokenDigest.bytesMin, TokenDigest.bytesMax)
    guard text.utf8.count >= least else {
      throw YAMLError(
        "token has \(text.utf8.count) characters and needs at least \(least): make one with `openssl rand -hex 32`", at: place)
    }
    guard text.utf8.count <= most else {
      throw YAMLError("token has \(text.utf8.count) characters and may have at most \(most)", at: place)
    }
    return text
  }

  private static func check(_ node: YAMLNode, _ known: [String]) throws(YAMLError) {
    guard let entries = node.mapping else {
      throw YAMLError("expected a mapping with \(known.joined(separator: ", "))", at: node.mark)
    }
    for entry in entries where !known.contains(entry.key.text) {
      throw YAMLError("\(entry.key.text) is not known here: \(known.joined(separator: ", ")) are", at: entry.key.mark)
    }
  }

  private static func mark(_ node: YAMLNode?, _ parent: YAMLNode) -> Mark { node?.mark ?? parent.mark }

  private static func text(_ node: YAMLNode, _ name: String) throws(YAMLError) -> String {
    guard let value = node[name], let scalar = value.scalar, !scalar.text.isEmpty, !value.isNull else {
      throw YAMLError("\(name) must be a text", at: mark(node[name], node))
    }
    return scalar.text
  }

  private static func texts(_ node: YAMLNode, _ name: String) throws(YAMLError) -> [(text: String, mark: Mark)] {
    guard let list = node[name]?.sequence else { throw YAMLError("\(name) must be a list", at: mark(node[name], node)) }
    var texts: [(text: String, mark: Mark)] = []
    for element in list {
      guard let scalar = element.scalar, !scalar.text.isEmpty, !element.isNull else {
        throw YAMLError("\(name) must hold texts", at: element.mark)
      }
      texts.append((scalar.text, element.mark))
    }
    return texts
  }
}
