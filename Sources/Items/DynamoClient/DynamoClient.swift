package import DynamoModel
internal import Foundation
#if canImport(FoundationNetworking)
  internal import FoundationNetworking
#endif

/// A signed client of the DynamoDB protocol: for effects, for imports, for the command line. Passing errors (no connection, 5xx, throttling)
/// are tried again; others are thrown as the server gave them.
package struct DynamoClient: Sendable {
  /// `http://127.0.0.1:8000`
  package let endpoint: String
  private let signature: SignatureV4
  private let session: URLSession

  private let attemptsMax: Int

  package static let attemptsMaxDefault = 5
  package static let timeoutSeconds = 30.0

  /// `attemptsMax`: how often a call is made before a passing error is thrown. `timeoutSeconds`: how long a silent server is waited for.
  /// Credentials that are not given are those of the environment, as the AWS command line reads them: AWS_ACCESS_KEY_ID,
  /// AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN.
  package init(
    endpoint: String, credentials: Credentials = .environment, region: String = "us-east-1",
    attemptsMax: Int = attemptsMaxDefault,
    timeoutSeconds: Double = timeoutSeconds
  ) {
    self.attemptsMax = attemptsMax
    self.endpoint = endpoint.hasSuffix("/") ? String(endpoint.dropLast()) : endpoint
    signature = SignatureV4(credentials: credentials, region: region)
    let configuration = URLSessionConfiguration.ephemeral
    configuration.httpMaximumConnectionsPerHost = 32
    configuration.timeoutIntervalForRequest = timeoutSeconds
    session = URLSession(configuration: configuration)
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
    let target = operation.contains(".") ? operation : "DynamoDB_20120810.\(operation)"
    var attempt = 0
    while true {
      attempt += 1
      do {
        return try await send(target, headers, writer.bytes)
      } catch let error as ClientError where error.isPassing && attempt < attemptsMax {
        try await Task.sleep(for: .milliseconds(50 << attempt))
      }
    }
  }

  private func send(_ target: String, _ headers: [String: String], _ body: [UInt8]) async throws -> Answer {
    guard let url = URL(string: endpoint + "/"), let host = url.host else {
      throw ClientError(code: "InvalidEndpoint", message: "`\(endpoint)` is no address of a table server", isPassing: false)
    }
    let date = DynamoClient.date()
    let port = url.port.map { ":\($0)" } ?? ""
    var request = URLRequest(url: url)
    request.httpMethod = "POST"
    request.setValue("application/x-amz-json-1.0", forHTTPHeaderField: "Content-Type")
    request.setValue(target, forHTTPHeaderField: "X-Amz-Target")
    request.setValue(date, forHTTPHeaderField: "X-Amz-Date")
    request.setValue(signature.credentials.sessionToken, forHTTPHeaderField: "X-Amz-Security-Token")
    request.setValue(
      signature.authorization(host: host + port, target: target, date: date, body: body), forHTTPHeaderField: "Authorization")
    for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
    request.httpBody = Data(body)
    try Task.checkCancellation()
    let (data, response) = try await exchange(request)
    return try DynamoClient.answer(Array(data), response)
  }

  /// By the call with a completion handler: the one that is `async` deadlocks on Linux when its task is cancelled while the transfer
  /// fails. A request that is under way is so not cut short by a cancelled task; it ends with its answer or its timeout.
  private func exchange(_ request: URLRequest) async throws(ClientError) -> (Data, URLResponse?) {
    let endpoint = endpoint
    let result: Result<(Data, URLResponse?), ClientError> = await withCheckedContinuation { continuation in
      let task = session.dataTask(with: request) { data, response, error in
        if let error {
          let message = "\(endpoint) does not answer: \(error.localizedDescription)"
          continuation.resume(returning: .failure(ClientError(code: "NoConnection", message: message, isPassing: true)))
        } else {
          continuation.resume(returning: .success((data ?? Data(), response)))
        }
      }
      task.resume()
    }
    return try result.get()
  }

  private static func answer(_ bytes: [UInt8], _ response: URLResponse?) throws -> Answer {
    let http = response as? HTTPURLResponse
    let status = http?.statusCode ?? 0
    guard let tape = try? JSONTape(bytes) else {
      throw ClientError(code: "BadAnswer", message: "the answer (HTTP \(status)) is not JSON", isPassing: status >= 500)
    }
    guard status == 200 else {
      let type = tape.member(tape.root, "__type").map { tape.string($0) } ?? ""
      let message = (tape.member(tape.root, "message") ?? tape.member(tape.root, "Message")).map { tape.string($0) } ?? ""
      let code = type.split(separator: "#").last.map(String.init) ?? type
      let isPassing = status >= 500 || code == "ThrottlingException" || code == "ProvisionedThroughputExceededException"
      throw ClientError(code: code, message: message, isPassing: isPassing)
    }
    var headers: [String: String] = [:]
    for (name, value) in http?.allHeaderFields ?? [:] {
      if let name = name as? String, let value = value as? String { headers[name.lowercased()] = value }
    }
    return Answer(body: tape, headers: headers)
  }

  private static func date() -> String {
    let text = Date().formatted(
      Date.ISO8601FormatStyle(dateSeparator: .omitted, timeSeparator: .omitted))
    return text
  }
}

/// What a table server refused, or that it cannot be reached.
package struct ClientError: Error, Sendable, Equatable, CustomStringConvertible {
  package let code: String
  package let message: String
  /// The same call may go through later.
  package let isPassing: Bool

  package init(code: String, message: String, isPassing: Bool) {
    self.code = code
    self.message = message
    self.isPassing = isPassing
  }

  package var description: String { "\(code): \(message)" }
}
