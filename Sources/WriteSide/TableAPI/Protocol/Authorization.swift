internal import DynamoModel
internal import HTTPServer

/// The signature of a request: it must be there and whole. Whether it is right is not checked: without that option the server
/// listens on loopback only.
enum Authorization {
  static func check(_ request: borrowing HTTPRequest) throws(DynamoError) {
    guard let header = request.header("Authorization"), !header.isEmpty else {
      // A signature may stand in the query instead.
      if request.target.contains("X-Amz-Signature=") { return }
      throw DynamoError(.missingAuthenticationToken, "Request is missing Authentication Token")
    }
    var missing: [String] = []
    for part in ["Credential", "Signature", "SignedHeaders"] where !holds(header, part) {
      missing.append("Authorization header requires '\(part)' parameter.")
    }
    if request.header("X-Amz-Date") == nil, request.header("Date") == nil {
      missing.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    }
    guard missing.isEmpty else {
      throw DynamoError(.incompleteSignature, "\(missing.joined(separator: " ")) Authorization=\(header)")
    }
  }

  private static func holds(_ header: String, _ part: String) -> Bool {
    let bytes = Array(header.utf8)
    let wanted = Array("\(part)=".utf8)
    guard bytes.count > wanted.count else { return false }
    for start in 0..<(bytes.count - wanted.count)
    where bytes[start] == wanted[0] && bytes[start..<(start + wanted.count)].elementsEqual(wanted) {
      let next = bytes[start + wanted.count]
      return next != UInt8(ascii: ",") && next != UInt8(ascii: " ")
    }
    return false
  }
}
