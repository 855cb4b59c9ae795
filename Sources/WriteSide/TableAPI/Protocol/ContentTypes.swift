/// The types of bodies that are taken.
enum ContentTypes {
  static func takes(_ contentType: String?) -> Bool {
    guard let contentType else { return false }
    let type = contentType.prefix { $0 != ";" }.lowercased().filter { $0 != " " && $0 != "\t" }
    return type == "application/x-amz-json-1.0" || type == "application/x-amz-json-1.1" || type == "application/json"
  }
}
