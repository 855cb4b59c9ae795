internal import CPCRE2

/// Why a pattern does not compile, or why a match was given up.
package struct PatternError: Error, Sendable, Equatable, CustomStringConvertible {
  /// PCRE2's code, as in pcre2.h.
  package let code: Int32
  package let message: String
  /// The byte of the pattern at which compilation stopped; nil for a match.
  package let offset: Int?

  package var description: String { offset.map { "at byte \($0): \(message)" } ?? message }

  init(code: Int32, offset: Int? = nil) {
    self.code = code
    self.offset = offset
    var buffer = [UInt8](repeating: 0, count: 256)
    let length = pcre2_get_error_message_8(code, &buffer, buffer.count)
    message = length > 0 ? String(decoding: buffer[..<Int(length)], as: UTF8.self) : "PCRE2 error \(code)"
  }
}
