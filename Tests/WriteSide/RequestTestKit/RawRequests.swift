internal import RandomTestKit

/// Bytes for a socket that are hardly ever a request: broken heads, wrong lengths and chunks, floods, halves, pipelines of all of these. The
/// same ones for the same seed.
package struct RawRequests: Sendable {
  /// What one connection is sent, in pieces, and how it ends.
  package struct Connection: Sendable {
    package var pieces: [[UInt8]]
    /// Ends with a reset, without reading what was answered.
    package var isReset: Bool
  }

  private var generator: SeededGenerator

  package init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

  private mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }

  private mutating func pick<Element>(_ elements: [Element]) -> Element { elements[number(0...(elements.count - 1))] }

  package mutating func next() -> Connection {
    var bytes: [UInt8] = []
    for _ in 0..<pick([1, 1, 1, 2, 5]) { bytes += request() }
    if number(0...3) == 0 { mutate(&bytes) }
    if number(0...4) == 0 { bytes = Array(bytes.prefix(number(0...max(1, bytes.count)))) }
    var pieces: [[UInt8]] = []
    var rest = bytes[...]
    for _ in 0..<number(0...3) where !rest.isEmpty {
      let piece = rest.prefix(number(1...rest.count))
      pieces.append(Array(piece))
      rest = rest.dropFirst(piece.count)
    }
    pieces.append(Array(rest))
    return Connection(pieces: pieces, isReset: number(0...2) == 0)
  }

  private static let body = #"{"TableName":"T_1","Key":{"pk":{"S":"p1"},"sk":{"N":"1"}}}"#
  private static let signature =
    "Authorization: AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=00"

  private mutating func request() -> [UInt8] {
    let body = Self.body
    var line = "POST / HTTP/1.1"
    var headers = [
      "Host: localhost", "Content-Type: application/x-amz-json-1.0", "X-Amz-Target: DynamoDB_20120810.GetItem", Self.signature,
      "X-Amz-Date: 20260101T000000Z", "Content-Length: \(body.utf8.count)",
    ]
    var content = Array(body.utf8)
    switch number(0...15) {
    case 0:
      line = pick([
        "", " ", "GET", "GET /", "POST  / HTTP/1.1", "POST / HTTP/9.9", "POST / HTTP/1.0", "POST / HTTX/1.1", "\u{0} / HTTP/1.1",
        "PRI * HTTP/2.0", "POST * HTTP/1.1", "CONNECT a:1 HTTP/1.1", "OPTIONS / HTTP/1.1", "HEAD / HTTP/1.1", "TRACE / HTTP/1.1",
        "post / HTTP/1.1", "POST http://h/%00%ff?a=%zz HTTP/1.1", "GET /../../etc/passwd HTTP/1.1",
        "POST /" + String(repeating: "a", count: pick([100, 8_000, 17_000, 70_000])) + " HTTP/1.1",
        "POST /?" + String(repeating: "a=b&", count: 3000) + " HTTP/1.1",
        "POST /?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a%2Fb&X-Amz-Date=%00&X-Amz-Expires=99999999999999999999&X-Amz-Signature= HTTP/1.1",
        "POST /?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a/20260101/r/dynamodb/aws4_request&X-Amz-Date=20260101T000000Z&X-Amz-Expires=5&X-Amz-SignedHeaders=host&X-Amz-Signature=00 HTTP/1.1",
      ])
    case 1:
      headers[5] =
        "Content-Length: "
        + pick([
          "-1", "0", "1", "99", "18446744073709551615", "99999999999999999999999", "abc", "", "10, 10", "0x10", "+5", "16777217",
          "67108865",
        ])
    case 2: headers.append("Content-Length: \(pick([0, 5, 1000]))")
    case 3, 4:
      headers[5] =
        "Transfer-Encoding: " + pick(["chunked", "chunked", "chunked", "gzip, chunked", "identity", "chunked, chunked", "x"])
      content = chunks(body)
    case 5:
      headers.append("Transfer-Encoding: chunked")
      content = chunks(body)
    case 6:
      for place in 0..<pick([10, 100, 1000, 5000]) { headers.append("X-Flood-\(place): \(String(repeating: "y", count: 20))") }
    case 7: headers.append("X-Long: " + String(repeating: "z", count: pick([1000, 16_000, 17_000, 100_000])))
    case 8:
      headers[3] =
        "Authorization: "
        + pick([
          "", "Basic abc", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=",
          "AWS4-HMAC-SHA256 Credential=/, SignedHeaders=;;;, Signature=,",
          "AWS4-HMAC-SHA256 Credential=a/b/c/d/e/f, SignedHeaders=" + String(repeating: "h;", count: 500) + ", Signature=zz",
          "AWS4-HMAC-SHA256 =,=,=,,,", "\u{FF}\u{0}",
          "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/dynamodb/aws4_request,Signature=é",
        ])
    case 9:
      headers[4] =
        "X-Amz-Date: "
        + pick(["", "99999999T999999Z", "00000000T000000Z", "20260230T250000Z", "2026-01-01T00:00:00Z", "-", "20260101T000000Z,"])
    case 10:
      headers.append("Content-Encoding: " + pick(["gzip", "gzip, gzip", "deflate", "identity", ""]))
      if number(0...1) == 0 { content = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3] + (0..<40).map { _ in UInt8(number(0...255)) } }
    case 11: headers.append("Expect: " + pick(["100-continue", "200-ok", ""]))
    case 12:
      headers.append(
        "x-afterimage-time: "
          + pick([
            "9223372036854775807", "-1", "0", "9999-99-99T99:99:99Z", "0000-01-01T00:00:00Z", ",,,", "1,2,3",
            "2026-01-01T00:00:00.",
            "2026-01-01T00:00:00.99999999999999999999999+99:99",
          ]))
    case 13:
      headers.append(
        pick([
          "Connection: close", "Connection: upgrade", "Upgrade: h2c", "Range: bytes=0-", "Accept-Encoding: gzip;q=0.0.0,,;;",
          "Origin: null",
        ]))
    case 14:
      headers[2] =
        "X-Amz-Target: "
        + pick([
          "", ".", "DynamoDB_20120810.", "GetItem", "DynamoDB_20120810.GetItem.x", "Afterimage_20261121.FollowLog",
          String(repeating: "t", count: 9000),
        ])
    default:
      let places = (0..<number(1...3)).map { _ in number(0...(headers.count - 1)) }
      for place in places {
        headers[place] = pick([
          ": empty", "NoColon", " Folded: x", "A\u{0}B: c", "Space : x", headers[place] + "\r", "é: ü", "", headers[place] + "\n",
        ])
      }
    }
    let ending = pick(["\r\n", "\r\n", "\r\n", "\r\n", "\n", "\r"])
    return Array((([line] + headers).joined(separator: ending) + ending + ending).utf8) + content
  }

  private mutating func chunks(_ body: String) -> [UInt8] {
    var out: [UInt8] = []
    var rest = Array(body.utf8)[...]
    while !rest.isEmpty {
      let piece = rest.prefix(number(1...rest.count))
      rest = rest.dropFirst(piece.count)
      out += Array(
        (String(piece.count, radix: 16) + pick(["", "", "", ";a=b", ";" + String(repeating: "e", count: 5000)]) + "\r\n").utf8)
      out += piece + Array("\r\n".utf8)
    }
    let ends = [
      "0\r\n\r\n", "0\r\n\r\n", "0\r\nTrailer: x\r\n\r\n", "ffffffffffffffff\r\n", "-1\r\n", "zz\r\n", "0\r\n",
      "7fffffffffffffff\r\nabc", "",
    ]
    return out + Array(pick(ends).utf8)
  }

  private mutating func mutate(_ bytes: inout [UInt8]) {
    for _ in 0..<number(1...8) where !bytes.isEmpty {
      let place = number(0...(bytes.count - 1))
      switch number(0...2) {
      case 0: bytes[place] = UInt8(number(0...255))
      case 1: bytes.remove(at: place)
      default: bytes.insert(pick([0, 10, 13, 32, 58, 255]), at: place)
      }
    }
  }
}
