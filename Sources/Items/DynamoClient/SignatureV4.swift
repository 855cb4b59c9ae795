internal import Crypto

/// Signs requests by AWS Signature Version 4, header form, for the service `dynamodb`.
struct SignatureV4: Sendable {
  let accessKey: String
  let secretKey: String
  let region: String

  /// The value of the Authorization header. `date` is `yyyyMMddTHHmmssZ`; headers are given in lower case, in order.
  func authorization(host: String, target: String, date: String, body: [UInt8]) -> String {
    let day = String(date.prefix(8))
    let scope = "\(day)/\(region)/dynamodb/aws4_request"
    let signedHeaders = "content-type;host;x-amz-date;x-amz-target"
    let canonical = [
      "POST", "/", "", "content-type:application/x-amz-json-1.0", "host:\(host)", "x-amz-date:\(date)", "x-amz-target:\(target)",
      "", signedHeaders, Hashing.hexadecimal(Hashing.sha256(body)),
    ].joined(separator: "\n")
    let toSign = [
      "AWS4-HMAC-SHA256", date, scope, Hashing.hexadecimal(Hashing.sha256(Array(canonical.utf8))),
    ].joined(separator: "\n")
    var key = Array("AWS4\(secretKey)".utf8)
    for part in [day, region, "dynamodb", "aws4_request"] { key = Hashing.hmacSHA256(key: key, Array(part.utf8)) }
    let signature = Hashing.hexadecimal(Hashing.hmacSHA256(key: key, Array(toSign.utf8)))
    return "AWS4-HMAC-SHA256 Credential=\(accessKey)/\(scope), SignedHeaders=\(signedHeaders), Signature=\(signature)"
  }
}
