internal import Crypto

/// Signs requests by AWS Signature Version 4, header form, for the service `dynamodb`.
struct SignatureV4: Sendable {
  let credentials: Credentials
  let region: String

  /// The value of the Authorization header. `date` is `yyyyMMddTHHmmssZ`; headers are given in lower case, in order.
  func authorization(host: String, target: String, date: String, body: [UInt8]) -> String {
    let day = String(date.prefix(8))
    let scope = "\(day)/\(region)/dynamodb/aws4_request"
    var headers = [("content-type", "application/x-amz-json-1.0"), ("host", host), ("x-amz-date", date)]
    if let token = credentials.sessionToken { headers.append(("x-amz-security-token", token)) }
    headers.append(("x-amz-target", target))
    let signedHeaders = headers.map(\.0).joined(separator: ";")
    let lines =
      ["POST", "/", ""] + headers.map { "\($0.0):\($0.1)" } + ["", signedHeaders, Hashing.hexadecimal(Hashing.sha256(body))]
    let canonical = lines.joined(separator: "\n")
    let toSign = [
      "AWS4-HMAC-SHA256", date, scope, Hashing.hexadecimal(Hashing.sha256(Array(canonical.utf8))),
    ].joined(separator: "\n")
    var key = Array("AWS4\(credentials.secretKey)".utf8)
    for part in [day, region, "dynamodb", "aws4_request"] { key = Hashing.hmacSHA256(key: key, Array(part.utf8)) }
    let signature = Hashing.hexadecimal(Hashing.hmacSHA256(key: key, Array(toSign.utf8)))
    return "AWS4-HMAC-SHA256 Credential=\(credentials.accessKey)/\(scope), SignedHeaders=\(signedHeaders), Signature=\(signature)"
  }
}
