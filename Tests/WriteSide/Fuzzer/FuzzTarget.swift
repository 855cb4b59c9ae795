internal import DynamoModel
internal import Expressions
internal import Foundation
internal import HTTPServer
internal import RequestTestKit
internal import TableAPI
internal import TableStore

/// What libFuzzer's inputs are given to.
enum FuzzTarget: String {
  /// Any bytes as JSON, and what is an item through every form of items.
  case json
  /// The first byte chooses the kind, the rest is the expression's or statement's text.
  case expressions
  /// Lines: the method, the request's target, then headers.
  case signatures
  /// Bytes on a connection to a running table server.
  case http

  private static let scene = Scene()

  func prepare() { if self == .signatures || self == .http { _ = Self.scene } }

  func take(_ pointer: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let bytes = Array(UnsafeBufferPointer(start: pointer, count: count))
    switch self {
    case .json: FuzzTarget.json(bytes)
    case .expressions: FuzzTarget.expression(bytes)
    case .signatures: FuzzTarget.scene.signature(bytes)
    case .http: FuzzTarget.scene.http(bytes)
    }
    return 0
  }

  var seeds: [[UInt8]] {
    switch self {
    case .json: RequestTemplates.seeds.map(\.body)
    case .expressions: FuzzTarget.expressionSeeds
    case .signatures: Scene.signatureSeeds
    case .http: RawRequests.seeds(200)
    }
  }

  private static func json(_ bytes: [UInt8]) {
    let isJSON = bytes.withUnsafeBytes { raw in
      var cursor = JSONCursor(raw)
      return cursor.skip() && cursor.isAtEnd()
    }
    let parsed = try? JSONTape(bytes)
    guard isJSON == (parsed != nil) else { fatalError("the cursor and the tape disagree about what is JSON") }
    guard let tape = parsed else { return }
    guard let item = try? Item(json: tape, tape.root) else { return }
    guard Item(binary: item.binary) == item else { fatalError("an item's stored form gives another item") }
    var writer = JSONWriter()
    writer.item(item)
    guard let again = try? JSONTape(writer.bytes), let read = try? Item(json: again, again.root), read == item else {
      fatalError("an item's JSON gives another item")
    }
  }

  // MARK: Expressions

  private static let names: [(placeholder: String, name: String)] = [("#r", "r"), ("#l", "l"), ("#x", "x"), ("#n", "g")]
  private static let values: AttributeMap = [
    ":n": .number(Number(1)), ":s": .string("text"), ":z": .number(Number(0)), ":l": .list([.number(Number(3))]),
    ":t": .string("M"),
    ":p": .string("p1"), ":a": .number(Number(0)), ":b": .number(Number(9)), ":ss": .stringSet(["a"]), ":m": .map(["k": .null]),
  ]
  private static let item: Item = [
    "pk": .string("p1"), "sk": .number(Number(1)), "r": .number(Number(5)), "x": .string("text"), "g": .string("g1"),
    "l": .list([.number(Number(1)), .string("a"), .list([.bool(true)])]),
    "m": .map(["a": .number(Number(7)), "deep": .map(["b": .null])]),
    "ss": .stringSet(["a", "b"]),
  ]
  private static let key: Item = ["pk": .string("p1"), "sk": .number(Number(1))]
  private static let schema = KeySchema(partition: .init(name: "pk", type: .string), sort: .init(name: "sk", type: .number))

  private static func expression(_ bytes: [UInt8]) {
    guard let kind = bytes.first else { return }
    let text = String(decoding: bytes.dropFirst(), as: UTF8.self)
    var placeholders = Placeholders(names: names, values: values)
    do throws(DynamoError) {
      switch kind % 6 {
      case 0: _ = try ParsedCondition(text).resolved(&placeholders).evaluate(on: item)
      case 1: _ = try ParsedCondition(text, kind: .filter).resolved(&placeholders).evaluate(on: nil)
      case 2: _ = try ParsedKeyCondition(text).resolved(&placeholders).resolved(for: schema).holds(item, schema)
      case 3:
        let update = try ParsedUpdate(text).resolved(&placeholders)
        if let new = try update.apply(to: item, key: key) { _ = update.touchedAfter(new) }
        _ = try update.apply(to: nil, key: key)
      case 4: _ = try ParsedProjection(text).resolved(&placeholders).apply(to: item)
      default: try statement(text)
      }
      try placeholders.checkAllUsed()
    } catch {
      // A refusal is an answer.
    }
  }

  private static func statement(_ text: String) throws(DynamoError) {
    let parameters: [AttributeValue] = [.string("p1"), .number(Number(9)), .list([.null])].filter { _ in true }
    let marks = text.utf8.count { $0 == UInt8(ascii: "?") }
    let statement = try PartiQLStatement(text, parameters: Array(parameters.prefix(marks)))
    if case .select(let select) = statement.kind {
      _ = select.condition.keys(schema)
      _ = select.condition.item(schema)
      _ = select.condition.condition?.evaluate(on: item)
      _ = select.shown(item)
    }
  }

  private static var expressionSeeds: [[UInt8]] {
    let kinds: [(UInt8, String)] = [
      (0, "ConditionExpression"), (1, "FilterExpression"), (2, "KeyConditionExpression"), (3, "UpdateExpression"),
      (4, "ProjectionExpression"),
      (5, "Statement"),
    ]
    var seeds: [[UInt8]] = []
    for seed in RequestTemplates.seeds {
      for (kind, name) in kinds {
        for text in seed.tree.strings(named: name) { seeds.append([kind] + Array(text.utf8)) }
      }
    }
    return seeds
  }
}
