import DynamoModel
import Foundation
import HTTPServer
import StoreTestKit
import TableAPI
import TableStore

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// A table server over a store in a directory of its own, on a free port, for one test.
final class APIServer: Sendable {
  let directory = TemporaryDirectory()
  /// What stands in for S3.
  let buckets = TemporaryDirectory()
  let store: TableStore
  let api: TableAPI
  let server: HTTPServer

  init(options: TableStore.Options = .init(), access: AccessControl? = nil, identity: TLSIdentity? = nil) throws {
    var options = options
    options.files = TransferDirectory(path: buckets.path)
    store = try TableStore(path: directory.path, options: options)
    let api = TableAPI(store: store, settings: .init(access: access))
    self.api = api
    server = try HTTPServer.serving(.init(identity: identity, headTooLarge: { api.headTooLarge() })) { api.handle($0, $1) }
  }

  deinit {
    server.stop()
    store.close()
  }

  var port: UInt16 { server.port }

  func client() -> APIClient { APIClient(port: server.port) }
}

/// Speaks the protocol as an SDK does, and shows everything that came back.
final class APIClient {
  private let port: UInt16
  private let session = URLSession(configuration: .ephemeral)

  init(port: UInt16) { self.port = port }

  static let signature =
    "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=00"

  struct Answer {
    let status: Int
    let headers: [String: String]
    let body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }

    var json: JSONTape { get throws { try JSONTape(body) } }

    /// The exception's name, without its prefix, and its text.
    var error: String {
      guard let tape = try? json, let type = tape.member(tape.root, "__type") else { return "no error: \(text)" }
      let message = tape.member(tape.root, "message") ?? tape.member(tape.root, "Message")
      return "\(tape.string(type).split(separator: "#").last ?? "")" + (message.map { ": \(tape.string($0))" } ?? "")
    }

    /// The text at a path of member names and indexes of elements.
    func text(_ path: [String]) throws -> String? {
      let tape = try json
      var node = tape.root
      for step in path {
        if let index = Int(step), tape.kind(node) == .array {
          var elements: [Int] = []
          tape.forEachElement(node) { elements.append($0) }
          guard index < elements.count else { return nil }
          node = elements[index]
        } else {
          guard let next = tape.member(node, step) else { return nil }
          node = next
        }
      }
      return tape.isString(node) ? tape.string(node) : tape.text(node)
    }

    func item(_ name: String) throws -> Item? {
      let tape = try json
      return try tape.member(tape.root, name).map { try Item(json: tape, $0) }
    }
  }

  /// Headers given as nil are left out of the usual ones.
  func send(
    _ operation: String, _ body: String, service: String = "DynamoDB", headers: [String: String?] = [:], path: String = "/"
  ) async throws -> Answer {
    try await post(
      Array(body.utf8), headers: ["X-Amz-Target": "\(service)_20120810.\(operation)"].merging(headers) { $1 }, path: path)
  }

  func post(_ body: [UInt8], headers: [String: String?], path: String = "/") async throws -> Answer {
    var request = URLRequest(url: URL(string: "http://127.0.0.1:\(port)\(path)")!)
    request.httpMethod = "POST"
    request.httpBody = Data(body)
    var all: [String: String?] = [
      "Content-Type": "application/x-amz-json-1.0", "Authorization": Self.signature, "X-Amz-Date": "20260101T000000Z",
    ]
    all.merge(headers) { $1 }
    for (name, value) in all { request.setValue(value, forHTTPHeaderField: name) }
    return try await answer(request)
  }

  func get(_ path: String) async throws -> Answer {
    try await answer(URLRequest(url: URL(string: "http://127.0.0.1:\(port)\(path)")!))
  }

  private func answer(_ request: URLRequest) async throws -> Answer {
    let (data, response) = try await session.data(for: request)
    let http = response as! HTTPURLResponse
    var headers: [String: String] = [:]
    for (name, value) in http.allHeaderFields { headers["\(name)".lowercased()] = "\(value)" }
    return Answer(status: http.statusCode, headers: headers, body: Array(data))
  }
}
