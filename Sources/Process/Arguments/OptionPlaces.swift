/// Where options are from that the command line does not give: how messages name them.
package struct OptionPlaces: Sendable, Equatable {
  package static let none = OptionPlaces([:])

  private let settled: [String: SettledValue]

  package init(_ settled: [String: SettledValue]) { self.settled = settled }

  /// `--host`, and of an option that is from elsewhere its place and its name: `settings.yaml:3:7: host`. Of several values the place is that of the
  /// one that is meant.
  package func named(_ option: String, _ value: String? = nil) -> String {
    place(option, value).map { "\($0): \(option)" } ?? "--\(option)"
  }

  /// What a message begins with that does not name the option: `settings.yaml:3:7: host: `, and nothing of one that the command line gives.
  package func lead(_ option: String, _ value: String? = nil) -> String {
    place(option, value).map { "\($0): \(option): " } ?? ""
  }

  private func place(_ option: String, _ value: String?) -> String? {
    guard let found = settled[option] else { return nil }
    guard let index = value.flatMap({ found.values.firstIndex(of: $0) }) else { return found.place }
    return found.places[index]
  }
}
