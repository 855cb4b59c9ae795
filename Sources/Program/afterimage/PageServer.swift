internal import Arguments
internal import DynamoModel
internal import Foundation
internal import HTTPClient

/// The read side of a running process, as the commands ask it.
struct PageServer {
  let address: String
  private let client = HTTPClient(timeoutSeconds: 60)

  static let option = Command.Option(
    "server", value: "URL", "The server of the queries and the page.", default: "http://127.0.0.1:8001")
  static let atLeast = Command.Option(
    "at-least", value: "POSITION",
    "Wait until the answer holds this record (x-afterimage-position of a write; commas join several).")

  init(_ arguments: ParsedArguments) {
    let given = arguments.value("server") ?? ""
    address = given.hasSuffix("/") ? String(given.dropLast()) : given
  }

  /// The answer of a path under `/v1/pipelines`; what the server refuses is thrown as it says it.
  func get(_ path: [String], _ parameters: [(name: String, value: String)] = []) async throws -> JSONTape {
    try await ask("GET", path, parameters)
  }

  /// Has the server do what a path under `/v1/pipelines` says.
  func post(_ path: [String], _ parameters: [(name: String, value: String)] = []) async throws -> JSONTape {
    try await ask("POST", path, parameters)
  }

  private func ask(_ method: String, _ path: [String], _ parameters: [(name: String, value: String)]) async throws -> JSONTape {
    var text = address + "/v1/pipelines" + path.map { "/" + PageServer.encoded($0) }.joined()
    if !parameters.isEmpty {
      text += "?" + parameters.map { PageServer.encoded($0.name) + "=" + PageServer.encoded($0.value) }.joined(separator: "&")
    }
    guard let url = URL(string: text), url.host != nil else { throw CommandError("`\(address)` is not the address of a server") }
    let answer: HTTPClient.Answer
    do {
      answer = try await client.send(HTTPClient.Request(method: method, url: text, body: method == "POST" ? [] : nil))
    } catch {
      throw CommandError(
        "the server at \(address) does not answer: start it with `afterimage dev`, or name another with --server URL")
    }
    guard let tape = try? JSONTape(answer.body), tape.kind(tape.root) == .object else {
      throw CommandError("\(address) is not a query server: is it the table server's address?")
    }
    guard answer.status == 200 else { throw CommandError(tape.text(tape.root, "message")) }
    return tape
  }

  private static func encoded(_ text: String) -> String {
    let plain = CharacterSet(charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
    return text.addingPercentEncoding(withAllowedCharacters: plain) ?? ""
  }

  static func atLeast(_ arguments: ParsedArguments) -> [(name: String, value: String)] {
    arguments.value("at-least").map { [("at_least", $0)] } ?? []
  }

  /// Prints an answer with `columns` and `rows`: as a table, or as it came.
  static func print(_ tape: JSONTape, isJSON: Bool) {
    if isJSON { return Console.line(tape.text(tape.root)) }
    let columns = tape.member(tape.root, "columns").map { tape.strings($0) } ?? []
    let rows = tape.elements(tape.root, "rows").map { row in
      var cells: [String] = []
      tape.forEachElement(row) { cells.append(cell(tape, $0)) }
      return cells
    }
    Console.line(Console.table(columns, rows))
    Console.line("")
    Console.line(validity(tape, rows.count == 1 ? "1 row" : "\(rows.count) rows"))
  }

  static func cell(_ tape: JSONTape, _ node: Int) -> String {
    switch tape.kind(node) {
    case .null: "–"
    case .string, .escapedString: ItemText.escaped(tape.string(node))
    default: tape.text(node)
    }
  }

  static func validity(_ tape: JSONTape, _ what: String) -> String {
    let time = tape.text(tape.root, "time")
    return time.isEmpty || time == "null" ? what : "\(what), true at \(time)"
  }
}
