/// A statement whose parameters have names, `:room`, as PostgreSQL takes it: with numbers. Texts, names in quotes, comments and casts (`::`) stay as they
/// are.
package struct NamedParameters {
  package private(set) var sql = ""
  /// The names in the order of their numbers.
  package private(set) var names: [String] = []

  /// `cast` gives what follows a parameter of a name, such as `::numeric`. O(length).
  package init(_ text: String, cast: (String) -> String = { _ in "" }) {
    let bytes = Array(text.utf8)
    var out: [UInt8] = []
    var index = 0
    /// Copies up to the end of what begins here.
    func copy(through end: Int) {
      out += bytes[index..<min(end, bytes.count)]
      index = min(end, bytes.count)
    }
    func find(_ wanted: [UInt8], from start: Int) -> Int {
      var place = start
      while place < bytes.count, !bytes[place...].starts(with: wanted) { place += 1 }
      return place + wanted.count
    }
    while index < bytes.count {
      let byte = bytes[index]
      let rest = bytes[index...].dropFirst()
      switch byte {
      case UInt8(ascii: "'"), UInt8(ascii: "\""): copy(through: find([byte], from: index + 1))
      case UInt8(ascii: "-") where rest.first == byte: copy(through: find([10], from: index))
      case UInt8(ascii: "/") where rest.first == UInt8(ascii: "*"): copy(through: find(Array("*/".utf8), from: index + 2))
      case UInt8(ascii: ":") where rest.first == byte: copy(through: index + 2)
      case UInt8(ascii: ":"):
        let name = rest.prefix(while: NamedParameters.isOfName)
        guard let first = name.first, !NamedParameters.isDigit(first) else {
          copy(through: index + 1)
          continue
        }
        let text = String(decoding: name, as: UTF8.self)
        let number = names.firstIndex(of: text) ?? names.count
        if number == names.count { names.append(text) }
        out += Array("$\(number + 1)\(cast(text))".utf8)
        index += 1 + name.count
      default: copy(through: index + 1)
      }
    }
    sql = String(decoding: out, as: UTF8.self)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

  private static func isOfName(_ byte: UInt8) -> Bool {
    isDigit(byte) || byte == UInt8(ascii: "_") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
  }
}
