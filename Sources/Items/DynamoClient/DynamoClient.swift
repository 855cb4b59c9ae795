package import DynamoModel
internal import Foundation
internal import HTTPClient

/// A signed client of the DynamoDB protocol: for effects, for imports, for the command line. Passing errors (no connection, 5xx, throttling)
/// are tried again; others are thrown as the server gave them.
package struct DynamoClient: Sendable {
  /// `http://127.0.0.1:8000`
  package let endpoint: String
  private let signature: SignatureV4
  private let client: HTTPClient

  private let attemptsMax: Int

  package static let attemptsMaxDefault = 5
  package static let timeoutSeconds = 30.0

  /// Requests to the server at once; more wait. As many writes may share one sync of the table store.
  private static let connectionsMax = 128

  /// `attemptsMax`: how often a call is made before a passing error is thrown. `timeoutSeconds`: how long a silent server is waited for.
  /// Credentials that are not given are those of the environment, as the AWS command line reads them: AWS_ACCESS_KEY_ID,
  /// AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN. `authorities`: a file of certificates that sign
  /// servers' in place of the machine's own.
  package init(
    endpoint: String, credentials: Credentials = .environment, region: String = "us-east-1",
    attemptsMax: Int = attemptsMaxDefault,
    timeoutSeconds: Double = timeoutSeconds, authorities: String? = nil
  ) {
    self.attemptsMax = attemptsMax
    self.endpoint = endpoint.hasSuffix("/") ? String(endpoint.dropLast()) : endpoint
    signature = SignatureV4(credentials: credentials, region: region)
    client = HTTPClient(
      connectionsMax: DynamoClient.connectionsMax, timeoutSeconds: timeoutSeconds, authorities: authorities)
  }

  /// An answer's body as a tape, and its headers by lower-case name.
  package struct Answer: Sendable {
    package let body: JSONTape
    package let headers: [String: String]
  }

  /// Calls an operation: `PutItem`, or with its whole target `Afterimage_20261121.ExpireItem`.
  package func call(
    _ operation: String, headers: [String: String] = [:], _ write: (inout JSONWriter) -> Void
  ) async throws -> Answer {
    var writer = JSONWriter(capacity: 1024)
    writer.beginObject()
    write(&writer)
    writer.endObject()
    return try await call(operation, headers: headers, body: writer.bytes)
  }

  /// The same with a body that is whole already.
  package func call(_ operation: String, headers: [String: String] = [:], body: [UInt8]) async throws -> Answer {
    let target = operation.contains(".") ? operation : "DynamoDB_20120810.\(operation)"
    var attempt = 0
    while true {
      attempt += 1
      do {
        return try await send(target, headers, body)
      } catch let error as ClientError where error.isPassing && attempt < attemptsMax {
        try await Task.sleep(for: .milliseconds(50 << attempt))
      }
    }
  }

  private func send(_ target: String, _ headers: [String: String], _ body: [UInt8]) async throws -> Answer {
    guard let url = URL(string: endpoint + "/"), let host = url.host else {
      throw ClientError(code: "InvalidEndpoint", message: "`\(endpoint)` is not the address of a table server", isPassing: false)
    }
    let date = DynamoClient.date()
    let port = url.port.map { ":\($0)" } ?? ""
    var all = [
      ("Content-Type", "application/x-amz-json-1.0"), ("X-Amz-Target", target), ("X-Amz-Date", date),
      ("Authorization", signature.authorization(host: host + port, target: target, date: date, body: body)),
    ]
    if let token = signature.credentials.sessionToken { all.append(("X-Amz-Security-Token", token)) }
    for (name, value) in headers { all.append((name, value)) }
    try Task.checkCancellation()
    let answer: HTTPClient.Answer
    do {
      answer = try await client.send(HTTPClient.Request(method: "POST", url: endpoint + "/", headers: all, body: body))
    } catch  where error.isUntrusted {
      throw ClientError(
        code: "NotTrusted",
        message: "the certificate of \(endpoint) is not trusted here (\(error.reason)): name the file of its authorities",
        isPassing: true)
    } catch {
      throw ClientError(code: "NoConnection", message: "\(endpoint) does not answer: \(error.reason)", isPassing: true)
    }
    return try DynamoClient.answer(answer)
  }

  private static func answer(_ answer: HTTPClient.Answer) throws -> Answer {
    let status = answer.status
    guard let tape = try? JSONTape(answer.body) else {
      throw ClientError(code: "BadAnswer", message: "the answer (HTTP \(status)) is not JSON", isPassing: status >= 500)
    }
    guard status == 200 else {
      let type = tape.member(tape.root, "__type").map { tape.string($0) } ?? ""
      let message = (tape.member(tape.root, "message") ?? tape.member(tape.root, "Message")).map { tape.string($0) } ?? ""
      let code = type.split(separator: "#").last.map(String.init) ?? type
      let isPassing = status >= 500 || code == "ThrottlingException" || code == "ProvisionedThroughputExceededException"
      let row = tape.member(tape.root, "Row").flatMap { Int(tape.text($0)) }
      throw ClientError(code: code, message: message, isPassing: isPassing, row: row)
    }
    return Answer(body: tape, headers: answer.headers)
  }

  private static func date() -> String {
    UTCTime(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)).compact
  }
}

/// What a table server refused, or that it cannot be reached.
package struct ClientError: Error, Sendable, Equatable, CustomStringConvertible {
  package let code: String
  package let message: String
  /// The same call may go through later.
  package let isPassing: Bool
  /// Of an import: the place in its batch, from 0, of the row that was refused.
  package let row: Int?

  package init(code: String, message: String, isPassing: Bool, row: Int? = nil) {
    self.code = code
    self.message = message
    self.isPassing = isPassing
    self.row = row
  }

  package var description: String { "\(code): \(message)" }
}
