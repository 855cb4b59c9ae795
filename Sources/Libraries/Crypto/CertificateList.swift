internal import CLibCrypto

/// Certificates in a text, one after the other, in the form of PEM (RFC 7468).
package enum CertificateList {
  /// What is wrong, and in which line.
  package struct Mistake: Error, Equatable {
    package let line: Int
    package let reason: String
  }

  private static let begin = "-----BEGIN CERTIFICATE-----"
  private static let end = "-----END CERTIFICATE-----"

  /// How many there are. Throws for the first that cannot be read, and for a text without any.
  package static func count(_ text: [UInt8]) throws(Mistake) -> Int {
    var count = 0
    var start: Int?
    var block = ""
    let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (index, bytes) in lines.enumerated() {
      var line = String(decoding: bytes, as: UTF8.self)
      while line.last?.isWhitespace == true { line.removeLast() }
      if line == begin {
        if let start { throw Mistake(line: start, reason: "the certificate has no end") }
        start = index + 1
        block = ""
      }
      guard let first = start else { continue }
      block += line + "\n"
      if line == end {
        guard isCertificate(block) else { throw Mistake(line: first, reason: "the certificate cannot be read") }
        count += 1
        start = nil
      }
    }
    if let start { throw Mistake(line: start, reason: "the certificate has no end") }
    if count == 0 { throw Mistake(line: 1, reason: "it holds no certificate: one begins with `\(begin)`") }
    return count
  }

  private static func isCertificate(_ block: String) -> Bool {
    let bytes = Array(block.utf8)
    guard let source = BIO_new_mem_buf(bytes, Int32(bytes.count)) else { return false }
    defer { BIO_free(source) }
    guard let certificate = PEM_read_bio_X509(source, nil, nil, nil) else {
      ERR_clear_error()
      return false
    }
    X509_free(certificate)
    return true
  }
}
