internal import Arguments
internal import DynamoModel
internal import Foundation
internal import HTTPClient

/// The read side of a running process, as the commands ask it.
struct PageServer {
  let address: String
  private let client: HTTPClient
  /// Nil when none was given.
  private let token: String?

  static let option = Command.Option(
    "server", value: "URL", "The server of the queries and the page.", default: "http://127.0.0.1:8001")
  static let tokenFile = Command.Option(
    "token-file", value: "FILE",
    "A file with the token to send, when the server has keys. AFTERIMAGE_TOKEN holds the token itself.")
  static let atLeast = Command.Option(
    "at-least", value: "POSITION",
    "Wait until the answer holds this record (x-afterimage-position of a write; commas join several).")

  /// Why the server does not answer this token, or none.
  struct AccessRefused: Error, CustomStringConvertible {
    let description: String
  }

  init(_ arguments: ParsedArguments) throws {
    let given = arguments.value("server") ?? ""
    address = given.hasSuffix("/") ? String(given.dropLast()) : given
    client = HTTPClient(timeoutSeconds: 60, authorities: Commands.authorities(arguments))
    token = try PageServer.token(arguments)
  }

  private static func token(_ arguments: ParsedArguments) throws -> String? {
    guard let path = arguments.value("token-file") else {
      let token = ProcessInfo.processInfo.environment["AFTERIMAGE_TOKEN"] ?? ""
      return token.isEmpty ? nil : token
    }
    guard let data = FileManager.default.contents(atPath: path) else { throw CommandError("\(path) cannot be read") }
    let token = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    guard !token.isEmpty, !token.contains(where: \.isWhitespace) else {
      throw CommandError("\(path) must hold a token and nothing else")
    }
    return token
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
      answer = try await client.send(
        HTTPClient.Request(
          method: method, url: text, headers: token.map { [("Authorization", "Bearer \($0)")] } ?? [],
          body: method == "POST" ? [] : nil))
    } catch  where error.isUntrusted {
      throw CommandError(
        "the server at \(address) has a certificate that is not trusted here (\(error.reason)): name its authority with --tls-ca FILE"
      )
    } catch {
      throw CommandError(
        "the server at \(address) does not answer: start it with `afterimage dev`, or name another with --server URL")
    }
    guard let tape = try? JSONTape(answer.body), tape.kind(tape.root) == .object else {
      throw CommandError("\(address) is not a query server: is it the table server's address?")
    }
    switch answer.status {
    case 200: return tape
    case 401 where token == nil:
      throw AccessRefused(
        description:
          "the server at \(address) asks for a token: set AFTERIMAGE_TOKEN, or name a file of it with --token-file FILE")
    case 401:
      throw AccessRefused(description: "the server at \(address) does not take the token: \(tape.text(tape.root, "message"))")
    case 403: throw AccessRefused(description: "the server at \(address) refuses it: \(tape.text(tape.root, "message"))")
    default: throw CommandError(tape.text(tape.root, "message"))
    }
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
