/// The types of bodies that are taken.
enum ContentTypes {
  private static let known = "application/x-amz-json-1.0"

  static func takes(_ contentType: String?) -> Bool {
    guard let contentType else { return false }
    // As nearly every client writes it.
    if contentType == known { return true }
    let type = contentType.prefix { $0 != ";" }.lowercased().filter { $0 != " " && $0 != "\t" }
    return type == known || type == "application/x-amz-json-1.1" || type == "application/json"
  }
}
