internal import Gzip

/// A coding of answers' bodies that a client takes.
enum BodyCoding: String, CaseIterable {
  case gzip
  case deflate

  /// The one that an Accept-Encoding header wants most: the greatest `q`, of equal ones the first. Nil when it wants none of them, or no
  /// coding at all more.
  init?(accepted header: String) {
    var best: (name: Substring, quality: Double)?
    for coding in header.lowercased().filter({ $0 != " " && $0 != "\t" }).split(separator: ",") {
      let parts = coding.split(separator: ";")
      guard let name = parts.first, name == "identity" || BodyCoding(rawValue: String(name)) != nil else { continue }
      let quality = parts.dropFirst().first { $0.hasPrefix("q=") }.map { Double($0.dropFirst(2)) ?? 0 } ?? 1
      if quality > 0, quality > best?.quality ?? 0 { best = (name, quality) }
    }
    guard let best, let coding = BodyCoding(rawValue: String(best.name)) else { return nil }
    self = coding
  }

  var format: GzipWriter.Format {
    switch self {
    case .gzip: .gzip
    case .deflate: .zlib
    }
  }
}
