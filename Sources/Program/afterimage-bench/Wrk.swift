internal import Foundation
internal import Services

/// HTTP load by wrk, on one thread.
enum Wrk {
  /// What wrk reports: requests a second, and milliseconds in which half of them, and all but one in a hundred, were answered.
  struct Load {
    let rate: Double
    let half: Double
    let most: Double
  }

  /// Throws when an answer was not 2xx.
  static func run(_ script: String, connections: Int, port: UInt16, in directory: String, seconds: Int) throws -> Load {
    let path = directory + "/wrk.lua"
    try script.write(toFile: path, atomically: true, encoding: .utf8)
    let answer = directory + "/wrk.txt"
    _ = try Executable.status(
      of: [
        "/usr/bin/env", "wrk", "--latency", "-t", "1", "-c", "\(connections)", "-d", "\(seconds)s", "-s", path,
        "http://127.0.0.1:\(port)/",
      ],
      output: answer, keepsErrors: true)
    let text = try String(contentsOfFile: answer, encoding: .utf8)
    func value(_ name: String) -> Substring? {
      let line = text.split(separator: "\n").first { $0.drop { $0 == " " }.hasPrefix(name) }
      return line?.split(separator: " ").last
    }
    guard !text.contains("Non-2xx"), let rate = value("Requests/sec").flatMap({ Double($0) }),
      let half = value("50%").flatMap(milliseconds), let most = value("99%").flatMap(milliseconds)
    else { throw BenchError("wrk says: \(text)") }
    return Load(rate: rate, half: half, most: most)
  }

  private static func milliseconds(_ text: Substring) -> Double? {
    for (unit, factor) in [("us", 0.001), ("ms", 1), ("s", 1000), ("m", 60_000)] where text.hasSuffix(unit) {
      return Double(text.dropLast(unit.count)).map { $0 * factor }
    }
    return nil
  }

  /// The lines of a script that make its requests calls of an operation.
  static func headers(_ operation: String) -> String {
    """
    wrk.method = "POST"
    wrk.headers["Content-Type"] = "application/x-amz-json-1.0"
    wrk.headers["X-Amz-Target"] = "DynamoDB_20120810.\(operation)"
    wrk.headers["X-Amz-Date"] = "20260101T000000Z"
    wrk.headers["Authorization"] = "AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=00"
    """
  }
}
